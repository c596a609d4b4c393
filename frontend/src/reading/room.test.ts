import { beforeEach, describe, expect, test, vi } from "vitest";

import type { Packet, Series } from "../api/types";
import type { OutboxRecord } from "../outbox/records";
import { EVENTS_SCHEMA } from "../outbox/records";
import type { PackFrame } from "../packs/parser";
import type { StreamPack } from "../packs/stream";
import type { Ports } from "./ports";
import { Room } from "./room";

const FRAMES = 2;
const geometry = { rows: 1, columns: 1, frames: FRAMES, dtype: "uint8" };
const SLICES: readonly PackFrame[] = [0, 1].map((index) => ({ index, bytes: new ArrayBuffer(1) }));

const named = (id: string): Series =>
  ({ id, role: "t1c", frames: FRAMES, bytes: FRAMES, geometry }) as unknown as Series;
const packetOf = (read: string, series: string): Packet =>
  ({
    read: { id: read, fence: 1, events_schema: EVENTS_SCHEMA, state: "opened", idle_limit_s: 60 },
    series: [named(series)],
    prior: null,
    token: "t",
    meaning: "read",
    hanging: { layout: "auto", roles: [], window: "auto", linked: [] },
    session: { elapsed_s: 0, limit_min: 0 },
    questions: [],
    draft: { marks: [], measures: [], answers: {}, no_lesion_said: false, last_seq: {} },
  }) as unknown as Packet;

/** What the server answers to a signature. */
let submitted: object = { feedback: null };

/** A room whose server gives these packets one after the other; its stage is never there. */
function make(...packets: unknown[]): { room: Room; said: string[]; packs: Map<string, () => void> } {
  const packs = new Map<string, () => void>();
  const streamPack: StreamPack = (address, _bytes, _signal, onFrames) =>
    new Promise((resolve) => {
      const [, id = ""] = /series\/(\w+)\//.exec(address) ?? [];
      packs.set(id, () => {
        onFrames(SLICES);
        resolve();
      });
    });
  const ports = {
    api: {
      openNext: () => Promise.resolve(packets.shift()),
      submit: () => Promise.resolve(submitted),
    },
    clock: { mono_ms: () => 5, wall_ms: () => 1000 },
    lifeline: { tab: "tab" },
    loadStage: () => new Promise(() => undefined),
    streamPack,
  } as unknown as Ports;
  const room = new Room("study", ports);
  const said: string[] = [];
  vi.spyOn(room.outgoing, "put").mockImplementation(({ read, kind }: OutboxRecord) => {
    if (kind === "all_decoded") said.push(read);
  });
  return { room, said, packs };
}

/** Let what is promised come about. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

async function opened(room: Room): Promise<void> {
  void room.openNext();
  await settle();
}

describe("from case to case", () => {
  const reload = vi.fn();
  beforeEach(() => {
    submitted = { feedback: null };
    vi.stubGlobal("location", { reload: reload.mockReset() });
    return () => vi.unstubAllGlobals();
  });

  test("c15: a packet of a shape that this page does not know has it loaded anew", async () => {
    const foreign = { read: { id: "second", events_schema: EVENTS_SCHEMA + 1, fence: 1 } };
    const { room, packs } = make(packetOf("first", "t1c"), foreign);
    await opened(room);
    void room.submit("password");
    await settle();
    expect(reload).toHaveBeenCalledOnce();
    expect(room.state.phase.value.name).toBe("opening");
    expect([...packs.keys()]).toEqual(["t1c"]);
  });

  test("r8: each case says once that it is whole, also one that was fetched ahead", async () => {
    const first = packetOf("first", "one");
    const { room, said, packs } = make(first, packetOf("second", "two"), packetOf("second", "two"));
    await opened(room);
    expect(said).toEqual([]);
    packs.get("one")?.();
    expect(said).toEqual(["first"]);
    room.loading.prefetch([named("two")], "t");
    packs.get("two")?.();
    await settle();
    expect(said).toEqual(["first"]);
    await opened(room);
    expect(said).toEqual(["first", "second"]);
    await opened(room); // taken over: the same read once more
    expect(said).toEqual(["first", "second"]);
  });

  test("r10: after a test case the next one opens at once, with nothing to look at", async () => {
    const { room } = make(packetOf("one", "a"), packetOf("two", "b"));
    await opened(room);
    submitted = {};
    void room.submit("password");
    await settle();
    const { openCase, feedback, testResult } = room.state;
    expect(openCase.value?.packet.read.id).toBe("two");
    expect([feedback.value, testResult.value]).toEqual([null, null]);
  });

  test("r10: what a test came to waits until the reader goes on", async () => {
    const { room } = make(packetOf("last", "a"), packetOf("main", "b"));
    await opened(room);
    const result = { right: 1, of: 2, pass_mark_percent: 50, is_passed: true };
    submitted = { test_result: result };
    await room.submit("password");
    const { openCase, testResult } = room.state;
    expect([openCase.value?.packet.read.id, testResult.value]).toEqual(["last", result]);
    void room.retry();
    await settle();
    expect([openCase.value?.packet.read.id, testResult.value]).toEqual(["main", null]);
  });

  test("a case that was left half loaded is not said to be whole by the next one's images", async () => {
    const { room, said, packs } = make(packetOf("first", "one"), packetOf("second", "two"));
    await opened(room);
    room.loading.prefetch([named("two")], "t");
    packs.get("two")?.();
    await opened(room);
    expect(said).toEqual(["second"]);
  });
});
