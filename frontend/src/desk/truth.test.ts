import { describe, expect, it } from "vitest";

import { pixelOf, placeOf, sliceNear, type Stack } from "./truth";

const tilted: Stack = {
  id: "s",
  name: "T1C",
  prior: "",
  rows: 100,
  columns: 80,
  window: [500, 1000],
  row_cosine: [0.8, 0.6, 0],
  column_cosine: [0, 0, -1],
  pixel_spacing_mm: [2, 0.5],
  positions_mm: [0, 1, 2, 3].map((n) => [10 - 0.6 * 3 * n, 20 + 0.8 * 3 * n, 50]),
};

describe("a truth reader's click", () => {
  it("is a place in patient millimetres: row spacing downwards, column spacing across", () => {
    const [x, y, z] = placeOf(tilted, 0, 10, 5);
    expect([x, y, z]).toEqual([10 + 0.8 * 0.5 * 10, 20 + 0.6 * 0.5 * 10, 50 - 2 * 5]);
  });

  it("comes back to its pixel and its slice, in a tilted stack too", () => {
    for (const slice of [0, 1, 3]) {
      const place = placeOf(tilted, slice, 33, 71);
      const { column, row, off } = pixelOf(tilted, slice, place);
      expect(column).toBeCloseTo(33);
      expect(row).toBeCloseTo(71);
      expect(off).toBeCloseTo(0);
      expect(sliceNear(tilted, place)).toBe(slice);
    }
  });

  it("lies off the other slices by their distance", () => {
    expect(pixelOf(tilted, 2, placeOf(tilted, 1, 4, 4)).off).toBeCloseTo(3);
  });
});
