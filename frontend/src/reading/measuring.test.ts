import { beforeEach, describe, expect, test } from "vitest";

import type { Pane, ScreenPoint } from "../viewer/contract";
import type { Measure } from "./draft";
import { Measuring } from "./measuring";

let slice = 4;
const made = (id: string): Pane =>
  ({
    series: { id, geometry: { rows: 90, columns: 90, row_cosine: [1, 0, 0], column_cosine: [0, 1, 0], positions_mm: [[0, 0, 4], [0, 0, 5]], pixel_spacing_mm: [1, 1], spacing_mm: 1 } },
    toPatient: ([x, y]: ScreenPoint) => [x, y, slice],
    toScreen: ([x, y]: readonly number[]) => [x, y],
    valueAt: () => 7,
    valueAtVoxel: () => 7,
  }) as unknown as Pane;
const pane = made("t1c");
let kept: Measure[];
let measuring: Measuring;

beforeEach(() => {
  slice = 4;
  kept = [];
  measuring = new Measuring((measure) => kept.push(measure));
});

describe("r12: a measurement's points are put one by one, by keys", () => {
  test.each([
    ["probe", [[5, 5]], [7]],
    ["length", [[0, 0], [3, 4]], [5]],
    ["angle", [[9, 0], [0, 0], [0, 9]], [90]],
    ["bidirectional", [[0, 0], [20, 0], [10, 6], [10, -3]], [20, 9]],
    ["bidirectional", [[0, 0], [20, 0], [10, -3], [10, 6]], [20, 9]],
    ["ellipse", [[10, 10], [20, 18]], [7, 0, 7, 7, Math.PI * 5 * 4]],
  ] as const)("a %s has as many as it needs, and is kept then", (tool, places, values) => {
    for (const place of places) {
      expect(kept).toEqual([]);
      measuring.hover(pane, place);
      measuring.place(tool, pane, place);
    }
    expect(measuring.drawing.value).toBeNull();
    expect(kept).toHaveLength(1);
    expect(kept[0]).toMatchObject({ tool, series: "t1c" });
    values.forEach((value, at) => expect(kept[0]?.values[at]).toBeCloseTo(value, 6));
  });

  test("the next point follows the cursor; twice at one place is one point", () => {
    measuring.place("length", pane, [0, 0]);
    measuring.place("length", pane, [0, 0]);
    expect(kept).toEqual([]);
    measuring.hover(pane, [6, 8]);
    expect(measuring.drawing.value?.values).toEqual([10]);
  });

  test("what was begun lies in the slice where it ends", () => {
    measuring.place("length", pane, [0, 0]);
    slice = 5;
    measuring.place("length", pane, [3, 4]);
    expect(kept[0]?.points_mm).toEqual([[0, 0, 5], [3, 4, 5]]);
  });

  test("given up it is gone; in another pane it begins anew", () => {
    measuring.place("length", pane, [0, 0]);
    measuring.cancel();
    measuring.place("length", pane, [1, 1]);
    measuring.place("length", made("t2"), [2, 2]);
    expect(kept).toEqual([]);
    expect(measuring.drawing.value).toMatchObject({ series: "t2" });
  });

  test("a click puts the next point as well", () => {
    measuring.place("length", pane, [0, 0]);
    expect(measuring.click(pane, [0, 5], "length")).toBe(true);
    expect(kept[0]?.values).toEqual([5]);
  });
});
