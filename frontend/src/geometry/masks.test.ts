import { describe, expect, test } from "vitest";

import { toPatient, type Placed } from "./frames";
import { outlinesOf, read } from "./masks";
import { dabbed, maskOf, measured, voxelsOf, written } from "./painting";

/** 20 x 20 x 5 voxels of 0.5 x 0.5 x 2 mm, axial. */
const GRID: Placed = {
  rows: 20,
  columns: 20,
  row_cosine: [1, 0, 0],
  column_cosine: [0, 1, 0],
  positions_mm: [0, 2, 4, 6, 8].map((z) => [0, 0, z] as const),
  pixel_spacing_mm: [0.5, 0.5],
  spacing_mm: 2,
};
const PLANE = { point: [0, 0, 4] as const, normal: [0, 0, 1] as const, thickness_mm: 2 };
const DAB = { centre: [5, 5, 4] as const, radius_mm: 1, plane: PLANE, isErasing: false };

describe("a mask", () => {
  test("is written in runs, columns fastest, and read again", () => {
    const mask = maskOf([
      { column: 11, row: 20, frame: 30 },
      { column: 12, row: 20, frame: 30 },
      { column: 10, row: 21, frame: 31 },
    ]);
    if (!mask) throw new Error("There are voxels.");
    expect(written(mask)).toBe("10,20,30,3,2,2:1,2,6,1,2");
    expect(read(written(mask))).toEqual(mask);
    expect(voxelsOf(mask)).toHaveLength(3);
  });

  test("that is none is read as none", () => {
    expect(["", "1,2,3:4", "1,2,3,2,2,1:1,2"].map(read)).toEqual([null, null, null]);
    expect(maskOf([])).toBeNull();
    expect(maskOf([0, 300].map((column) => ({ column, row: 0, frame: 0 })))).toBeNull();
  });

  test("is painted in the frame that is looked at, and erased", () => {
    const mask = dabbed(GRID, null, DAB);
    if (!mask) throw new Error("Something was painted.");
    // Centres of 0.5 mm voxels within 1 mm: 13 of them, the voxels' middle in the middle.
    expect(voxelsOf(mask).map((each) => each.frame)).toEqual(Array(13).fill(2));
    expect(dabbed(GRID, mask, { ...DAB, isErasing: true })).toBeNull();
    const left = dabbed(GRID, mask, { ...DAB, radius_mm: 0.6, isErasing: true });
    expect(left && voxelsOf(left)).toHaveLength(13 - 5);
  });

  test("is as long as its longest line in one frame, edge to edge", () => {
    const mask = maskOf([0, 1, 2, 3].map((column) => ({ column, row: 0, frame: 1 })));
    if (!mask) throw new Error("There are voxels.");
    const { volume_mm3, diameter_mm } = measured(GRID, mask);
    expect(volume_mm3).toBe(4 * 0.5 * 0.5 * 2);
    expect(diameter_mm).toBeCloseTo(Math.hypot(2, 0.5));
  });

  test("has an outline along its voxels' edges, and one round its hole", () => {
    const ring = [0, 1, 2].flatMap((row) => [0, 1, 2].map((column) => ({ column, row, frame: 1 })));
    const mask = maskOf(ring.filter(({ column, row }) => column !== 1 || row !== 1));
    if (!mask) throw new Error("There are voxels.");
    const lines = outlinesOf(GRID, mask).map((each) => each.points.length);
    expect(lines).toEqual([4, 4]);
    const [first] = outlinesOf(GRID, mask);
    expect(first?.points).toContainEqual(toPatient(GRID, { column: 2.5, row: -0.5, frame: 1 }));
  });
});
