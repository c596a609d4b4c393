import { describe, expect, it } from "vitest";

import { firstGroup } from "./batches";
import type { OutboxRecord } from "./records";

function drawn(seq: number, voxels: number, fence = 1): OutboxRecord {
  return {
    user: "rae",
    read: "r",
    tab: "t",
    fence,
    event_id: `e${seq}`,
    seq,
    kind: "mark_drawn",
    mono_ms: seq,
    wall_ms: seq,
    payload: { mask: { voxels: "1".repeat(voxels) } },
  };
}

const seqs = (group: readonly OutboxRecord[]): number[] => group.map((each) => each.seq);

describe("what goes in one request", () => {
  it("is at most two hundred events of one lease, in order", () => {
    const records = Array.from({ length: 300 }, (_, at) => drawn(at + 1, 1));
    expect(seqs(firstGroup(records))).toEqual(Array.from({ length: 200 }, (_, at) => at + 1));
    expect(seqs(firstGroup([drawn(1, 1), drawn(2, 1), drawn(3, 1, 2)]))).toEqual([1, 2]);
    expect(firstGroup([])).toEqual([]);
  });

  it("C3: what was drawn in ten minutes without a network goes in parts, all of it", () => {
    let left = Array.from({ length: 200 }, (_, at) => drawn(at + 1, 60_000));
    const sent: number[] = [];
    for (let group = firstGroup(left); group.length > 0; group = firstGroup(left)) {
      expect(JSON.stringify(group).length).toBeLessThan(1_100_000);
      sent.push(...seqs(group));
      left = left.slice(group.length);
    }
    expect(sent).toEqual(Array.from({ length: 200 }, (_, at) => at + 1));
  });

  it("is one event, however large", () => {
    expect(seqs(firstGroup([drawn(1, 2_000_000), drawn(2, 1)]))).toEqual([1]);
  });
});
