import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Grip } from "../viewer/measure-overlay";
import type { Spot } from "../viewer/overlay";
import type { Shape } from "../viewer/scene";
import type { Measure } from "./draft";
import { Pointer } from "./pointer";
import type { Viewing } from "./viewing";

const host = {
  shapes: vi.fn<() => Shape[]>(),
  log: vi.fn(),
  putMark: vi.fn(),
  selectMark: vi.fn(),
  selectMeasure: vi.fn(),
  viewProposal: vi.fn(),
  measure: (id: string) => ({ measure_id: id }) as Measure,
};
const jump = vi.fn();
const pane = { series: { id: "t1c" }, toPatient: ([x, y]: readonly [number, number]) => [x, y, 0] };
const drawn: { spots: Spot[]; grips: Grip[]; boxes: Spot[] } = { spots: [], grips: [], boxes: [] };
const isCross = { value: false };
const active = { value: 0 };
const pan = vi.fn();
const viewing = {
  host,
  jump,
  pan,
  active,
  isCross,
  seats: { middleOf: () => [100, 80] },
  at: () => pane,
  activate: () => undefined,
  overlays: { spotsOf: () => drawn.spots, gripsOf: () => drawn.grips, boxesOf: () => drawn.boxes },
} as unknown as Viewing;
const shape = (kind: "mark" | "measure" | "proposal", id: string, isSelected = false): Shape =>
  ({ kind, id, isSelected }) as Shape;
const spot = (id: string, x: number): Spot => ({ id, centre: [x, 50], radius_px: 20 });
let pointer: Pointer;

beforeEach(() => {
  vi.clearAllMocks();
  pointer = new Pointer(viewing);
  const points = [[40, 50], [90, 50]] as const;
  drawn.spots = [spot("one", 50), spot("two", 60)];
  drawn.grips = [{ measure: "long", points, lines: [points] }];
  drawn.boxes = [{ id: "A", centre: [200, 50], radius_px: 25 }, { id: "B", centre: [215, 50], radius_px: 25 }];
  isCross.value = false;
  active.value = 0;
  host.shapes.mockReturnValue([]);
});

describe("r3: what a drag takes hold of", () => {
  test("the selected mark, also where another was put first", () => {
    host.shapes.mockReturnValue([shape("mark", "one"), shape("mark", "two", true)]);
    expect(pointer.begin(0, [52, 55], "fine")).toEqual({ kind: "move_mark", mark: "two" });
  });

  test("a selected measurement before the mark that it lies across; without one the mark", () => {
    drawn.spots = [spot("one", 50)];
    expect(pointer.begin(0, [41, 50], "fine").kind).toBe("move_mark");
    host.shapes.mockReturnValue([shape("mark", "one"), shape("measure", "long", true)]);
    expect(pointer.begin(0, [41, 50], "fine").kind).toBe("hold_measure");
    expect(pointer.begin(0, [50, 60], "fine").kind).toBe("move_mark"); // off its line
  });

  test("r12: a finger leafs over marks that are not selected", () => {
    drawn.grips = [];
    expect(pointer.begin(0, [52, 50], "finger").kind).toBe("scroll");
    host.shapes.mockReturnValue([shape("mark", "two", true)]);
    expect(pointer.begin(0, [52, 50], "finger")).toEqual({ kind: "move_mark", mark: "two" });
  });
});

describe("r5: a click on a proposal", () => {
  test("shows what is told of it, and moves no picture", () => {
    pointer.click(0, [198, 50], "fine");
    pointer.click(0, [230, 50], "finger");
    expect(host.viewProposal.mock.calls).toEqual([["A"], ["B"]]);
    expect([jump, host.putMark].map((each) => each.mock.calls.length)).toEqual([0, 0]);
  });

  test("a mark there comes first, and so do the tools that a click is for", () => {
    drawn.spots = [spot("one", 200)];
    pointer.click(0, [200, 50], "fine");
    expect(host.selectMark).toHaveBeenCalledWith("one", 0);
    drawn.spots = [];
    isCross.value = true;
    pointer.click(0, [200, 50], "fine");
    expect(jump).toHaveBeenCalledTimes(1);
    pointer.choose("mark");
    pointer.click(0, [200, 50], "fine");
    expect(host.putMark).toHaveBeenCalledTimes(1);
    expect(host.viewProposal).not.toHaveBeenCalled();
  });
});

describe("r12: the cursor by keys", () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ["performance"] }));
  afterEach(() => vi.useRealTimers());

  const press = (right: number, down: number, times = 1, apart_ms = 400): void => {
    for (let at = 0; at < times; at += 1) {
      vi.advanceTimersByTime(apart_ms);
      pointer.nudge(right, down);
    }
  };

  test("goes from the middle of the active pane, two pixels a press, and a mark lands there", () => {
    press(1, 0, 3);
    press(0, -1);
    expect(pointer.keyCursor).toEqual({ pane: 0, place: [106, 78] });
    pointer.markAtCursor();
    expect(host.putMark).toHaveBeenCalledWith(0, [106, 78, 0]);
    expect(host.log.mock.calls).toEqual([["tool", { cursor: "keys" }]]); // once
  });

  test("goes faster while a key is held, up to a limit", () => {
    press(-1, 0, 4, 40);
    expect(pointer.keyCursor?.place).toEqual([100 - 2 - 3 - 4 - 5, 80]);
    press(-1, 0);
    expect(pointer.keyCursor?.place).toEqual([84, 80]);
  });

  test("moves the picture at the pane's edge", () => {
    pointer.hover(0, [199, 80]);
    press(1, 0);
    expect(pan).toHaveBeenCalledWith(0, -1, 0);
    expect(pointer.keyCursor?.place).toEqual([200, 80]);
  });

  test("goes on where the mouse was, and is the mouse's once it moves", () => {
    pointer.hover(0, [20, 30]);
    expect(pointer.keyCursor).toBeNull();
    press(0, 1);
    expect(pointer.keyCursor?.place).toEqual([20, 32]);
    pointer.hover(0, [50, 50]);
    expect(pointer.keyCursor).toBeNull();
  });

  test("of a pane that is left for another is not that one's", () => {
    press(1, 0);
    active.value = 1;
    expect(pointer.keyCursor).toBeNull();
    pointer.markAtCursor();
    expect(host.putMark).toHaveBeenCalledWith(1, [100, 80, 0]);
    press(0, 1);
    expect(pointer.keyCursor).toEqual({ pane: 1, place: [100, 82] });
  });

  test("is nowhere after another layout, and a mouse that rests under a dialog does not take it", () => {
    press(1, 0);
    pointer.leave();
    expect(pointer.keyCursor).toEqual({ pane: 0, place: [102, 80] });
    pointer.forgetKeys();
    expect(pointer.keyCursor).toBeNull();
    pointer.hover(0, [20, 30]);
    pointer.forgetKeys(); // a mouse is where it is
    pointer.markAtCursor();
    expect(host.putMark).toHaveBeenLastCalledWith(0, [20, 30, 0]);
  });

  test("gives way to a hand that works elsewhere without moving", () => {
    press(1, 0);
    pointer.begin(1, [40, 50], "fine");
    active.value = 1;
    pointer.markAtCursor();
    expect(host.putMark).toHaveBeenLastCalledWith(1, [40, 50, 0]);
  });

  test("of a pane that is smaller now lies at its edge, and no picture jumps", () => {
    pointer.hover(0, [900, 80]);
    press(1, 0);
    expect(pan).toHaveBeenCalledWith(0, -2, 0);
    expect(pointer.keyCursor?.place).toEqual([200, 80]);
  });
});
