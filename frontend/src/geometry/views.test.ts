import { describe, expect, test } from "vitest";

import { edgeLetters, lettersOf, planeName } from "./orientation";
import { rulerFor } from "./ruler";
import { contoursIn, height, lineBetween, sectionRadius, sliceIn, type Plane } from "./sections";
import type { Vector } from "./vectors";

describe("orientation letters", () => {
  test("an axial picture seen from below has the patient's right at its left", () => {
    const letters = edgeLetters([1, 0, 0], [0, 1, 0]);
    expect(letters).toEqual({ left: "R", right: "L", top: "A", bottom: "P" });
  });

  test("a sagittal picture shows head and feet", () => {
    const letters = edgeLetters([0, 1, 0], [0, 0, -1]);
    expect(letters).toEqual({ left: "A", right: "P", top: "H", bottom: "F" });
  });

  test("a tilted direction has two letters, the stronger first; a slight tilt has one", () => {
    expect(lettersOf([0, Math.cos(0.4), Math.sin(0.4)])).toBe("PH");
    expect(lettersOf([0, Math.cos(0.1), Math.sin(0.1)])).toBe("P");
  });

  test("planes are named by their normal", () => {
    expect(planeName([0, 0.2, -0.9])).toBe("axial");
    expect(planeName([0.99, 0, 0.1])).toBe("sagittal");
    expect(planeName([0.1, -0.9, 0.3])).toBe("coronal");
  });
});

describe("rulers", () => {
  test("the longest round length that fits is shown", () => {
    expect(rulerFor(2, 110)).toEqual({ length_mm: 50, length_px: 100 });
    expect(rulerFor(12, 110)).toEqual({ length_mm: 5, length_px: 60 });
  });

  test("there is a ruler even when one millimetre is wider than the room", () => {
    expect(rulerFor(300, 110).length_mm).toBe(1);
  });
});

const plane: Plane = { point: [0, 0, 0], normal: [0, 0, 1], thickness_mm: 1 };

describe("sections", () => {
  test("a sphere shows with the radius that the plane cuts out of it", () => {
    expect(sectionRadius(plane, [5, 5, 0], 5)).toBe(5);
    expect(sectionRadius(plane, [0, 0, 3], 5)).toBeCloseTo(4, 9);
    expect(sectionRadius(plane, [0, 0, 5.1], 5)).toBeNull();
  });

  test("a sphere thinner than the slice it lies in shows in that slice", () => {
    expect(sectionRadius({ ...plane, thickness_mm: 4 }, [0, 0, 1.9], 1)).toBe(1);
    expect(sectionRadius({ ...plane, thickness_mm: 4 }, [0, 0, 2.1], 1)).toBeNull();
  });

  test("two planes cut each other in a line that lies in both; parallel ones do not", () => {
    const tilted: Plane = { point: [3, 4, 5], normal: [0, 0.6, 0.8], thickness_mm: 1 };
    const line = lineBetween(plane, tilted);
    expect(line).not.toBeNull();
    if (!line) return;
    for (const reach of [0, 50]) {
      const [x, y, z] = line.point;
      const [u, v, w] = line.direction;
      const point: Vector = [x + reach * u, y + reach * v, z + reach * w];
      expect(height(plane, point)).toBeCloseTo(0, 9);
      expect(height(tilted, point)).toBeCloseTo(0, 9);
    }
    expect(lineBetween(plane, { ...plane, point: [0, 0, 9] })).toBeNull();
  });

  const square = (z: number): Vector[] => [
    [0, 0, z],
    [1, 0, z],
    [1, 1, z],
    [0, 1, z],
  ];

  test("contours show in the slice they were drawn in, in no other", () => {
    const contours = [square(-1), square(0), square(1)];
    expect(contoursIn(plane, contours)).toEqual([square(0)]);
  });

  test("of several slices within a thick plane the nearest to its middle shows, whole", () => {
    const hole = square(1).map(([x, y, z]): Vector => [0.4 + x / 5, 0.4 + y / 5, z]);
    const contours = [square(-1), square(0), square(1), hole];
    const thick = (z: number): Plane => ({ ...plane, point: [0, 0, z], thickness_mm: 6 });
    expect(contoursIn(thick(0), contours)).toEqual([square(0)]);
    expect(contoursIn(thick(0.8), contours)).toEqual([square(1), hole]);
    expect(contoursIn(thick(3.9), contours)).toEqual([square(1), hole]);
    expect(contoursIn(thick(4.1), contours)).toEqual([]);
    expect(contoursIn(thick(0.5), contours)).toEqual([square(0)]); // one of two that are as near
  });

  test("a heat map's levels are of one slice: a stronger one of another slice does not show", () => {
    const weak = [square(0), square(1), square(2)];
    const strong = [square(2)];
    const thick = (z: number): Plane => ({ ...plane, point: [0, 0, z], thickness_mm: 6 });
    const shown = (z: number): number => strong.filter(sliceIn(thick(z), [...weak, ...strong]) ?? (() => true)).length;
    expect([shown(0), shown(1), shown(2)]).toEqual([0, 0, 1]);
    expect(sliceIn({ ...plane, normal: [1, 0, 0] }, weak)).toBeNull();
  });

  test("contours of another direction say so instead of showing nothing", () => {
    expect(contoursIn({ ...plane, normal: [1, 0, 0] }, [square(0)])).toBeNull();
    expect(contoursIn({ ...plane, normal: [0, 0, -1] }, [square(0)])).toHaveLength(1);
  });
});
