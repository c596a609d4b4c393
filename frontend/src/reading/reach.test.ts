import { describe, expect, test } from "vitest";

import type { Grip } from "../viewer/measure-overlay";
import type { Spot } from "../viewer/overlay";
import { gripAt, markAt, proposalAt } from "./reach";

const spot = (id: string, x: number, y: number, radius_px: number): Spot => ({ id, centre: [x, y], radius_px });
const length = (measure: string, y: number): Grip => {
  const points = [[0, y], [100, y]] as const;
  return { measure, points, lines: [points] };
};

describe("r3: of marks that overlap", () => {
  const both = [spot("left", 100, 100, 20), spot("right", 115, 100, 20)];

  test("a drag takes hold of the selected one, whichever was put first", () => {
    for (const id of ["left", "right"]) {
      expect(markAt(both, [104, 100], "fine", id, "drag")).toEqual({ kind: "move_mark", mark: id });
      expect(markAt([...both].reverse(), [111, 100], "finger", id, "drag")?.mark).toBe(id);
    }
  });

  test("without a selected one there the nearest is meant, by its middle or its edge", () => {
    for (const selected of [null, "elsewhere"]) {
      expect(markAt(both, [103, 100], "fine", selected, "drag")?.mark).toBe("left");
      expect(markAt(both, [112, 100], "fine", selected, "drag")?.mark).toBe("right");
      expect(markAt(both, [121, 100], "fine", selected, "drag")).toEqual({ kind: "size_mark", mark: "left" });
    }
  });

  test("one that lies within the selected one can be chosen by a click, and a drag still moves the large one", () => {
    const within = [spot("large", 100, 100, 60), spot("small", 110, 100, 7)];
    expect(markAt(within, [110, 100], "fine", "large", "click")?.mark).toBe("small");
    expect(markAt(within, [110, 100], "fine", "large", "drag")?.mark).toBe("large");
    expect(markAt(within, [60, 100], "fine", "large", "click")?.mark).toBe("large");
    expect(markAt(within, [110, 100], "fine", "small", "click")?.mark).toBe("small");
    expect(markAt(within, [110, 100], "fine", null, "drag")?.mark).toBe("small");
  });

  test("where no mark is, none is meant, also when one is selected", () => {
    expect(markAt(both, [300, 100], "fine", "left", "drag")).toBeNull();
    expect(markAt(both, [141, 100], "fine", "left", "drag")).toBeNull();
  });

  test("a finger reaches further, and takes a small mark as a whole", () => {
    const small = [spot("a", 50, 50, 7)];
    expect(markAt(small, [50, 64], "fine", null, "drag")).toBeNull();
    expect(markAt(small, [50, 64], "finger", null, "drag")).toEqual({ kind: "move_mark", mark: "a" });
  });
});

describe("r3: of measurements that overlap", () => {
  const two = [length("first", 50), length("second", 54)];

  test("the selected one is held, else the nearest; its point before its line", () => {
    expect(gripAt(two, [1, 53], "fine", null)).toEqual({ measure: "second", point: 0 });
    expect(gripAt(two, [1, 53], "fine", "first")).toEqual({ measure: "first", point: 0 });
    expect(gripAt(two, [99, 50], "fine", null)).toEqual({ measure: "first", point: 1 });
    expect(gripAt(two, [50, 54], "fine", null)).toEqual({ measure: "second", point: null });
    expect(gripAt(two, [50, 54], "fine", "first")).toEqual({ measure: "first", point: null });
    expect(gripAt(two, [50, 90], "fine", "first")).toBeNull();
  });

  test("a long line reaches no further than a short one", () => {
    const points = [[0, 0], [600, 0]] as const;
    const long: Grip[] = [{ measure: "long", points, lines: [points] }];
    expect(gripAt(long, [300, 6], "fine", null)).toEqual({ measure: "long", point: null });
    expect([gripAt(long, [300, 9], "fine", null), gripAt(long, [620, 0], "fine", null)]).toEqual([null, null]);
  });

  test("of one's own points the nearest is held", () => {
    const points = [[0, 0], [6, 0]] as const;
    expect(gripAt([{ measure: "short", points, lines: [points] }], [5, 0], "fine", null)?.point).toBe(1);
  });
});

describe("r5: of proposals that overlap", () => {
  const boxes = [spot("A", 100, 100, 30), spot("B", 120, 100, 30)];

  test("the selected one's brackets are meant, else the nearest's", () => {
    expect(proposalAt(boxes, [105, 100], "fine", null)).toBe("A");
    expect(proposalAt(boxes, [118, 100], "fine", null)).toBe("B");
    expect(proposalAt(boxes, [118, 100], "fine", "A")).toBe("A");
    expect(proposalAt(boxes, [72, 128], "fine", "B")).toBe("A"); // a corner is within the box
    expect(proposalAt(boxes, [100, 200], "fine", "A")).toBeNull();
  });
});
