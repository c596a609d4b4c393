import { describe, expect, test } from "vitest";

import { extentAt } from "./extents";
import type { Placed } from "./frames";
import {
  angleOf,
  areaOf,
  ellipseIn,
  ellipseOf,
  statisticsOf,
  withPointAt,
  withShortAxis,
  type Points,
} from "./measures";
import { valuesIn } from "./regions";
import { distance, dot, subtract, type Vector } from "./vectors";

const NORMAL: Vector = [0, 0, 1];
const rightAngled = ([a, b, c, d]: Points): void => {
  if (!a || !b || !c || !d) throw new Error("four points");
  expect(dot(subtract(b, a), subtract(c, d))).toBeCloseTo(0, 9);
};

describe("two diameters", () => {
  const start = withShortAxis([0, 0, 5], [12, 0, 5], NORMAL);

  test("the short one begins across the middle of the long one", () => {
    rightAngled(start);
    expect(distance(start[2] as Vector, start[3] as Vector)).toBeCloseTo(8, 9);
  });

  test.each([0, 1, 2, 3])("they stay at a right angle when end %i is dragged", (end) => {
    rightAngled(withPointAt("bidirectional", start, end, [3, 7, 5]));
  });

  test("an end of the short one can be drawn out and slid along, the long one stays", () => {
    const moved = withPointAt("bidirectional", start, 2, [3, 6, 5]);
    expect(moved.slice(0, 2)).toEqual(start.slice(0, 2));
    expect(moved[2]).toEqual([3, 6, 5]);
    expect((moved[3] as Vector)[0]).toBeCloseTo(3, 9);
  });
});

test("the angle of three points", () => {
  expect(angleOf([[1, 0, 0], [0, 0, 0], [0, 4, 0]])).toBeCloseTo(90, 9);
  expect(angleOf([[1, 0, 0], [0, 0, 0], [0, 0, 0]])).toBe(0);
});

const PLACED: Placed = {
  rows: 40,
  columns: 40,
  row_cosine: [1, 0, 0],
  column_cosine: [0, 1, 0],
  positions_mm: Array.from({ length: 30 }, (_, z) => [0, 0, z] as Vector),
  pixel_spacing_mm: [1, 1],
  spacing_mm: 1,
};

describe("ellipses", () => {
  const points = ellipseIn([5, 5, 10], [15, 11, 10], [1, 0, 0]);
  const ellipse = ellipseOf(points);
  if (!ellipse) throw new Error("an ellipse");

  test("fill the box they are drawn in", () => {
    expect(areaOf(ellipse)).toBeCloseTo(Math.PI * 5 * 3, 9);
    const wider = ellipseOf(withPointAt("ellipse", points, 1, [17, 8, 10]));
    expect(wider?.centre).toEqual([11, 8, 10]);
  });

  test("count every pixel whose centre is inside, as NumPy does", () => {
    // ((x - 10) / 5)**2 + ((y - 8) / 3)**2 <= 1 on whole numbers: 45 pixels, mean of x + 100 y = 810
    const values = valuesIn(PLACED, ellipse, ({ column, row }) => column + 100 * row);
    expect(values).toHaveLength(45);
    expect(statisticsOf(values)?.mean).toBeCloseTo(810, 9);
  });

  test("across the frames the nearest voxels are taken", () => {
    const upright = ellipseOf(ellipseIn([5, 20, 5], [15, 20, 15], [1, 0, 0]));
    const values = upright ? valuesIn(PLACED, upright, ({ frame }) => frame) : [];
    expect(statisticsOf(values)?.mean).toBeCloseTo(10, 1);
    expect(values.length).toBeGreaterThan(60);
  });
});

describe("the extent of a lesion", () => {
  const ball = (radius: number, reach = Infinity) => (v: { column: number; row: number; frame: number }) => {
    const inside = v.column >= 0 && v.row >= 0 && v.column < 40 && v.row < 40;
    if (!inside) return null;
    const away = Math.hypot(v.column - 20, v.row - 20, v.frame - 15);
    return away <= radius || (Math.abs(v.row - 20) < 1 && Math.abs(v.frame - 15) < 1 && v.column > reach)
      ? 200
      : 100;
  };

  test("a ball's diameter comes back, from a click beside its middle", () => {
    const found = extentAt(PLACED, [22, 19, 15], ball(5));
    expect(found?.diameter_mm).toBeCloseTo(10, 0);
    expect(found?.centre_mm).toEqual([20, 20, 15]);
  });

  test("the lower the threshold between surround and maximum, the larger; its rules stay", () => {
    /** Falls by 10 a millimetre from 200, to the surround of 100. */
    const slope = ({ column, row, frame }: { column: number; row: number; frame: number }): number =>
      100 + Math.max(0, 100 - 10 * Math.hypot(column - 20, row - 20, frame - 15));
    const size = (fraction?: number): number =>
      extentAt(PLACED, [20, 20, 15], slope, fraction)?.diameter_mm ?? 0;
    expect(size()).toBe(size(0.5));
    expect([0.2, 0.5, 0.8].map(size).map(Math.round)).toEqual([16, 10, 4]); // 2 * 10 mm * (1 - f)
    expect(extentAt(PLACED, [20, 20, 15], () => 100, 0.2)).toBeNull();
  });

  test("nothing stands out: nothing is said", () => {
    expect(extentAt(PLACED, [20, 20, 15], () => 100)).toBeNull();
  });

  test("what runs on is not a lesion", () => {
    const long: Placed = { ...PLACED, columns: 90, pixel_spacing_mm: [1, 3] };
    expect(extentAt(long, [60, 20, 15], ball(2, 20))).toBeNull();
  });
});
