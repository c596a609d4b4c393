import { signal } from "@preact/signals";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Packet, Vector } from "../api/types";
import type { OutboxRecord } from "../outbox/records";
import type { Voxel } from "../geometry/frames";
import { OpenCase } from "./case";
import { perform } from "./commands";
import * as drawing from "./drawing";
import type { DrawingPart } from "./parts";
import { Recorder } from "./recorder";
import type { Room } from "./room";

const GEOMETRY = {
  rows: 41, columns: 41, row_cosine: [1, 0, 0], column_cosine: [0, 1, 0],
  positions_mm: Array.from({ length: 41 }, (_, frame) => [0, 0, frame]),
  pixel_spacing_mm: [1, 1], spacing_mm: 1,
}; // prettier-ignore
/** Bright in the middle, falling by 10 a millimetre; at a fifth of the way a vessel leads far away. */
const valueAtVoxel = ({ column, row, frame }: Voxel): number =>
  column > 20 && row === 20 && frame === 20
    ? 125
    : 100 + Math.max(0, 100 - 10 * Math.hypot(column - 20, row - 20, frame - 20));

let open: OpenCase;
let sent: OutboxRecord[];
let room: Room;
let shown: string;
let mark_id: string;

beforeEach(() => {
  vi.useFakeTimers();
  [sent, shown] = [[], "t1c"];
  const packet = {
    read: { id: "read", read_only: false },
    questions: [],
    draft: { marks: [], measures: [], answers: {}, no_lesion_said: false, last_seq: {} },
  } as unknown as Packet;
  const clock = { mono_ms: () => 5, wall_ms: () => 1_000 };
  const put = (record: OutboxRecord): void => void sent.push(record);
  open = new OpenCase(packet, new Recorder({ user: "rae", read: "read", tab: "tab", fence: 1, lastSeq: 0, clock, put }));
  const pane = () => ({ series: { id: shown, geometry: GEOMETRY }, valueAtVoxel });
  const stage = { get panes() { return [pane()]; } }; // prettier-ignore
  const viewing = { stage, comparison: { isPrior: () => false } };
  const state = { openCase: signal(open), viewing: signal(viewing), notice: signal(null) };
  const parts = { draw: (act: (part: DrawingPart) => void) => act(drawing) };
  room = { state, parts, record: open.record.bind(open) } as unknown as Room;
  mark_id = open.putMark({ position_mm: [20, 20, 20] as Vector, series: "t1c" }) ?? "";
  open.rate(mark_id, 70);
  perform(room, "mark.size");
});
afterEach(() => vi.useRealTimers());

const mark = (): NonNullable<ReturnType<OpenCase["mark"]>> => {
  const found = open.mark(mark_id);
  if (!found) throw new Error("The mark is there.");
  return found;
};
const drawn = (): unknown[] =>
  sent.filter(({ kind }) => kind === "mark_drawn").map(({ payload }) => payload.threshold_percent);

test("r3: drawn from the picture at half way; the keys of its size change the threshold, told once", () => {
  expect(mark().threshold_percent).toBe(50);
  const half = mark().diameter_mm ?? 0;
  perform(room, "mark.smaller");
  perform(room, "mark.smaller");
  perform(room, "mark.smaller");
  expect(mark().threshold_percent).toBe(65);
  expect(mark().diameter_mm).toBeLessThan(half);
  expect(mark().mask).not.toBeNull();
  vi.advanceTimersByTime(400);
  expect(drawn()).toEqual([50, 65]);
  open.undo();
  expect([mark().threshold_percent, mark().diameter_mm]).toEqual([50, half]);
});

test("r3: between 20 and 80 %; where the region runs on it stays as it was, and that is said", () => {
  for (let press = 0; press < 12; press += 1) perform(room, "mark.smaller");
  expect(mark().threshold_percent).toBe(80);
  drawing.setThreshold(room, mark_id, 30);
  expect([mark().threshold_percent, room.state.notice.value]).toEqual([30, null]);
  drawing.setThreshold(room, mark_id, 20);
  expect(mark().threshold_percent).toBe(30);
  expect(room.state.notice.value).toContain("20 %");
});

test("r3: after a reload its threshold is as it was: the draft has it", () => {
  const { mask, diameter_mm } = mark();
  const kept = { ...mark(), mask, diameter_mm, threshold_percent: 65 };
  const packet = { ...open.packet, draft: { ...open.packet.draft, marks: [kept] } };
  open = new OpenCase(packet, open.recorder);
  room.state.openCase.value = open;
  open.select(mark_id);
  perform(room, "mark.smaller");
  expect(mark().threshold_percent).toBe(70);
  open.undo();
  expect(mark().threshold_percent).toBe(65);
});

test("r3: not from another series; and once it is drawn otherwise its size is a size again", () => {
  shown = "flair";
  perform(room, "mark.smaller");
  expect(mark().threshold_percent).toBe(50);
  expect(room.state.notice.value).not.toBeNull();
  open.resize(mark_id, 9);
  expect(mark().threshold_percent).toBeNull();
  perform(room, "mark.larger");
  expect(mark()).toMatchObject({ diameter_mm: 10, mask: null });
});
