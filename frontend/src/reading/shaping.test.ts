import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Packet, Proposal, Vector } from "../api/types";
import type { OutboxRecord } from "../outbox/records";
import { OpenCase } from "./case";
import { perform } from "./commands";
import { Recorder } from "./recorder";
import type { Room } from "./room";

/** Ten axial frames of 3 mm, pixels of 0.5 mm between rows and 0.8 between columns. */
const GEOMETRY = {
  rows: 100, columns: 50, row_cosine: [1, 0, 0], column_cosine: [0, 1, 0],
  positions_mm: Array.from({ length: 10 }, (_, frame) => [0, 0, 3 * frame]),
  pixel_spacing_mm: [0.5, 0.8], spacing_mm: 3,
}; // prettier-ignore
const HERE = { position_mm: [20, 20, 12] as Vector, series: "t1c" };
const PROPOSAL = { id: "p1", label: "A", centroid_mm: [20, 20, 12], diameter_mm: 6 } as unknown as Proposal;

let open: OpenCase;
let sent: OutboxRecord[];
let room: Room;
let slice: number;
let isPrior: boolean;
const jump = vi.fn((point: Vector) => (slice = Math.round(point[2] / 3)));

beforeEach(() => {
  vi.useFakeTimers();
  jump.mockClear();
  [sent, slice, isPrior] = [[], 4, false];
  const packet = {
    read: { id: "read", read_only: false },
    questions: [],
    draft: { marks: [], measures: [], answers: {}, no_lesion_said: false, last_seq: {} },
    ai: { proposals: [PROPOSAL], decisions: {} },
  } as unknown as Packet;
  const clock = { mono_ms: () => 5, wall_ms: () => 1_000 };
  const put = (record: OutboxRecord): void => void sent.push(record);
  open = new OpenCase(packet, new Recorder({ user: "rae", read: "read", tab: "tab", fence: 1, lastSeq: 0, clock, put }));
  const pane = {
    series: { id: "t1c", geometry: GEOMETRY },
    cut: "acquired",
    toPatient: ([x, y]: readonly [number, number]) => [x / 4, y / 4, 3 * slice],
    goTo: (next: number) => (slice = Math.min(Math.max(next, 0), 9)),
    goToPoint: (point: Vector) => (slice = Math.round(point[2] / 3)),
    view: () => ({ slice, plane: { point: [0, 0, 3 * slice], normal: [0, 0, 1], thickness_mm: 3 } }),
  };
  const viewing = { pane, jump, step: () => undefined, layout: signal("main"), comparison: { isPrior: () => isPrior } };
  const state = { openCase: signal(open), viewing: signal(viewing), notice: signal(null) };
  room = { state, record: () => undefined } as unknown as Room;
});
afterEach(() => vi.useRealTimers());

function marked(): string {
  const id = open.putMark(HERE) ?? "";
  open.rate(id, 70);
  sent.length = 0;
  return id;
}
const told = (): unknown[] => sent.map(({ kind, payload }) => [kind, payload]);
const rest = (): void => void vi.advanceTimersByTime(400);
/** Presses that follow each other without a rest, for so long. */
const held = (press: () => void, ms: number): void => {
  for (let at = 0; at < ms; at += 100) {
    press();
    vi.advanceTimersByTime(100);
  }
};
const place = (): Vector | undefined => open.marks.value[0]?.position_mm;

describe("r12: the selected mark is moved by keys", () => {
  test("a pixel a press in the plane, told once and undone as one when the keys rest", () => {
    const mark_id = marked();
    perform(room, "mark.right");
    perform(room, "mark.right");
    vi.advanceTimersByTime(399);
    perform(room, "mark.down");
    expect(place()).toEqual([21.6, 20.5, 12]);
    expect(told()).toEqual([]);
    rest();
    expect(told()).toEqual([["mark_moved", { mark_id, position_mm: [21.6, 20.5, 12], series: "t1c" }]]);
    open.undo();
    expect(place()).toEqual(HERE.position_mm);
    open.redo();
    expect(place()).toEqual([21.6, 20.5, 12]);
    expect(jump).not.toHaveBeenCalled();
  });

  test("to the next slice, and the pictures go along", () => {
    marked();
    slice = 8; // the reader has leafed on
    perform(room, "mark.forth");
    expect(place()).toEqual([20, 20, 15]);
    expect(slice).toBe(5);
    perform(room, "mark.back");
    perform(room, "mark.back");
    expect(place()).toEqual([20, 20, 9]);
    rest();
    expect(sent.map((each) => each.kind)).toEqual(["mark_moved"]);
  });

  test("and stays in the images", () => {
    marked();
    for (let press = 0; press < 80; press += 1) perform(room, "mark.left");
    for (let press = 0; press < 20; press += 1) perform(room, "mark.forth");
    expect(place()?.map((each) => Math.round(each * 10) / 10)).toEqual([0, 20, 27]);
  });

  test("not on the prior, and not in a window that may only look", () => {
    marked();
    isPrior = true;
    perform(room, "mark.right");
    expect(place()).toEqual(HERE.position_mm);
    expect(room.state.notice.value).not.toBeNull();
    isPrior = false;
    open.isReadOnly.value = true;
    perform(room, "mark.right");
    perform(room, "mark.larger");
    expect(place()).toEqual(HERE.position_mm);
  });

  test("what was taken over from the AI becomes an edited proposal, once", () => {
    const id = open.adopt(PROPOSAL, "accepted", "t1c") ?? "";
    open.rate(id, 70);
    sent.length = 0;
    perform(room, "mark.right");
    perform(room, "mark.right");
    expect(open.draft.value.decisions).toEqual({ p1: "edited" });
    rest();
    expect(sent.map((each) => each.kind)).toEqual(["proposal_edited"]);
    expect(sent[0]?.payload).toMatchObject({ position_mm: [21.6, 20, 12], rating: 70 });
    perform(room, "undo");
    expect(open.draft.value.decisions).toEqual({ p1: "accepted" });
  });
});

describe("r12: the selected mark is sized by keys", () => {
  test("a millimetre, below five half of one; it begins from what is drawn", () => {
    const mark_id = marked();
    for (let press = 0; press < 5; press += 1) perform(room, "mark.smaller");
    expect(open.mark(mark_id)?.diameter_mm).toBe(4); // 8, 7, 6, 5, 4.5, 4
    perform(room, "mark.larger");
    rest();
    expect(told()).toEqual([["mark_sized", { mark_id, diameter_mm: 4.5 }]]);
    for (let press = 0; press < 30; press += 1) perform(room, "mark.smaller");
    expect(open.mark(mark_id)?.diameter_mm).toBe(1);
    open.undo();
    expect(open.mark(mark_id)?.diameter_mm).toBe(4.5);
  });
});

describe("r7: steps under way are told before anything else", () => {
  test.each([
    ["a rating", "mark_rated", (id: string) => open.rate(id, 20)],
    ["a look at a proposal", "proposal_viewed", () => open.view("p1")],
    ["undoing", "mark_moved", () => open.undo()],
    ["another mark", "mark_put", () => void open.putMark(HERE)],
  ])("%s", (_, kind, act) => {
    const id = marked();
    perform(room, "mark.right");
    act(id);
    expect(sent.map((each) => each.kind)).toEqual(["mark_moved", kind]);
  });

  test("moving and sizing are two deeds; what only looks ends one, too", () => {
    marked();
    perform(room, "mark.right");
    perform(room, "mark.larger");
    perform(room, "slice.next");
    expect(sent.map((each) => each.kind)).toEqual(["mark_moved", "mark_sized"]);
    rest();
    expect(sent).toHaveLength(2);
  });
});

test("r7: keys that are held are told every two seconds, not only once they rest", () => {
  marked();
  held(() => perform(room, "mark.right"), 1_900);
  expect(sent).toEqual([]);
  held(() => perform(room, "mark.right"), 300);
  expect(sent.map(({ kind }) => kind)).toEqual(["mark_moved"]);
  rest();
  expect(sent.map(({ kind }) => kind)).toEqual(["mark_moved", "mark_moved"]);
});
