import { describe, expect, test } from "vitest";

import { contoursIn, type Plane } from "./sections";
import { sectionOfStack, sliceGap } from "./stacked";
import { add, cross, distance, dot, scale, subtract, unit, type Vector } from "./vectors";

/** A square of a side about the z axis, closed. */
const square = (z: number, side: number): readonly Vector[] => {
  const h = side / 2;
  return [[-h, -h, z], [h, -h, z], [h, h, z], [-h, h, z], [-h, -h, z]];
};
const SLICES_MM = [-4, -2, 0, 2, 4];
const BAR = SLICES_MM.map((z) => square(z, 6)); // 6 x 6 x 10 mm
const through = (normal: Vector, point: Vector = [0, 0, 0]): Plane => ({
  point,
  normal: unit(normal),
  thickness_mm: 1,
});
const areaOf = ([a, b, , d]: readonly Vector[]): number =>
  a && b && d ? distance(a, b) * distance(a, d) : NaN;
const total = (found: readonly (readonly Vector[])[] | null): number =>
  (found ?? []).reduce((sum, each) => sum + areaOf(each), 0);

describe("a body in slices, cut by a plane across them", () => {
  test("across, a bar shows its side", () => {
    const found = sectionOfStack(through([1, 0, 0], [1.5, 0, 0]), BAR);
    expect(found).toHaveLength(5);
    expect(total(found)).toBeCloseTo(60, 9);
    const points = (found ?? []).flat();
    expect(Math.min(...points.map((each) => each[2]))).toBeCloseTo(-5, 9);
    expect(Math.max(...points.map((each) => each[1]))).toBeCloseTo(3, 9);
    for (const each of points) expect(each[0]).toBeCloseTo(1.5, 9);
  });

  test("aslant, the section lies in the plane and is as much longer as the plane is aslant", () => {
    const plane = through([0, 1, 1]);
    const found = sectionOfStack(plane, BAR) ?? [];
    for (const each of found.flat()) expect(dot(subtract(each, plane.point), plane.normal)).toBeCloseTo(0, 9);
    // The bar reaches 3 mm to either side along y; slabs whose middle line lies within it count.
    expect(total(found)).toBeCloseTo(3 * 6 * 2 * Math.SQRT2, 9);
  });

  test("beside it there is nothing, along its slices nothing of this kind", () => {
    expect(sectionOfStack(through([1, 0, 0], [4, 0, 0]), BAR)).toEqual([]);
    expect(sectionOfStack(through([0, 0, 1]), BAR)).toBeNull();
    expect(contoursIn(through([0, 0, 1]), BAR)).toHaveLength(1);
    expect(sectionOfStack(through([1, 0, 0]), [])).toBeNull();
  });

  test("a plane that is thinner than slices are apart meets the nearest slice, wherever it lies", () => {
    expect(sliceGap(BAR)).toBe(2);
    for (const z of [-4.6, -3.3, -0.9, 0.4, 1.2, 4.9]) {
      const near = contoursIn(through([0, 0, 1], [0, 0, z]), BAR, sliceGap(BAR));
      expect(near).toEqual([BAR[Math.round(z / 2) + 2]]);
    }
    expect(contoursIn(through([0, 0, 1], [0, 0, -0.9]), BAR)).toEqual([]);
    expect(contoursIn(through([0, 0, 1], [0, 0, 5.2]), BAR, sliceGap(BAR))).toEqual([]);
    expect(sliceGap([])).toBe(0);
  });

  test("a polygon in another is a hole", () => {
    const hollow = SLICES_MM.flatMap((z) => [square(z, 6), square(z, 2)]);
    const found = sectionOfStack(through([1, 0, 0]), hollow);
    expect(found).toHaveLength(10);
    expect(total(found)).toBeCloseTo(40, 9);
  });
});

describe("a heat map of oblique slices, its points rounded to 0.01 mm", () => {
  const across = unit([0.31, -0.24, 0.92]);
  const along = unit(cross([0, 1, 0], across));
  const up = cross(across, along);
  const rounded = (of: Vector): Vector => of.map((each) => Math.round(each * 100) / 100) as unknown as Vector;
  const box = (mm: number, at: readonly [number, number], side: number): readonly Vector[] =>
    ([[-1, -1], [1, -1], [1, 1], [-1, 1]] as const).map(([x, y]) => {
      const [u, v] = [at[0] + (x * side) / 2, at[1] + (y * side) / 2];
      return rounded(add(scale(across, mm), add(scale(along, u), scale(up, v))));
    });
  // In each slice a speck comes first, then two places far apart.
  const heat = [0, 1, 2, 3, 4, 5].flatMap((mm) => [
    box(mm, [20, 3.1], 0.3),
    box(mm, [0, 0], 6),
    box(mm, [-61.3, 47.7], 6),
  ]);

  test("in another plane it is as thick as its slices", () => {
    const found = sectionOfStack(through(along), heat);
    expect(found).toHaveLength(6);
    expect(total(found)).toBeGreaterThan(35);
    expect(total(found)).toBeLessThan(37);
  });

  test("in its own plane it shows its polygons", () => {
    expect(contoursIn(through(across), heat)).toHaveLength(3);
    const speck: readonly Vector[] = [[0, 0, 0], [0.04, 0, 0.01], [0, 0.04, 0.01]]; // as rounding leaves it
    expect(contoursIn(through([0, 0, 1]), [speck, ...BAR])).toHaveLength(2);
  });
});
