import { describe, expect, test } from "vitest";

import { centreOf, nearestFrame, normalOf, offPlane, toPatient, toVoxel, type Placed } from "./frames";
import oracle from "./oracle/oblique.json";
import type { Vector } from "./vectors";

const series = oracle.series as unknown as Placed[];
const cases = oracle.cases as unknown as { point_mm: Vector; voxels: Vector[] }[];

describe("oblique series, against NumPy's affine (dev/geometry_oracle.py)", () => {
  test.each([0, 1])("a point of the patient is at NumPy's voxel in series %i", (number) => {
    const placed = series[number] as Placed;
    for (const { point_mm, voxels } of cases) {
      const [column, row, frame] = voxels[number] as Vector;
      const voxel = toVoxel(placed, point_mm);
      expect(voxel.column).toBeCloseTo(column, 6);
      expect(voxel.row).toBeCloseTo(row, 6);
      expect(voxel.frame).toBeCloseTo(frame, 6);
    }
  });

  test("a voxel of either series is at NumPy's point, and back", () => {
    cases.forEach(({ point_mm, voxels }, at) => {
      const own = at < cases.length / 2 ? 0 : 1;
      const [column, row, frame] = voxels[own] as Vector;
      const point = toPatient(series[own] as Placed, { column, row, frame });
      point.forEach((value, axis) => expect(value).toBeCloseTo(point_mm[axis] as number, 6));
    });
  });

  test("the nearest frame is the rounded one inside the series, the last one beyond it", () => {
    for (const { point_mm, voxels } of cases) {
      series.forEach((placed, number) => {
        const [, , frame] = voxels[number] as Vector;
        const last = placed.positions_mm.length - 1;
        expect(nearestFrame(placed, point_mm)).toBe(Math.min(Math.max(Math.round(frame), 0), last));
      });
    }
  });

  test("distances from a frame's plane are along the normal", () => {
    const [placed] = series as [Placed, Placed];
    for (const { point_mm, voxels } of cases) {
      const [, , frame] = voxels[0] as Vector;
      expect(offPlane(placed, 3, point_mm)).toBeCloseTo((frame - 3) * placed.spacing_mm, 6);
    }
  });
});

const uneven: Placed = {
  rows: 4,
  columns: 4,
  row_cosine: [1, 0, 0],
  column_cosine: [0, 1, 0],
  positions_mm: [
    [0, 0, 0],
    [0, 0, 2],
    [0, 0, 10],
  ],
  pixel_spacing_mm: [2, 1],
  spacing_mm: 2,
};

describe("frames at uneven distances", () => {
  test("a point between two frames gets the fraction of their own distance", () => {
    expect(toVoxel(uneven, [3, 2, 6])).toEqual({ column: 3, row: 1, frame: 1.5 });
    expect(toPatient(uneven, { column: 3, row: 1, frame: 1.5 })).toEqual([3, 2, 6]);
  });

  test("the normal follows the frames", () => {
    expect(normalOf(uneven)).toEqual([0, 0, 1]);
    expect(centreOf(uneven, 2)).toEqual([1.5, 3, 10]);
  });

  test("a frame that is not there is refused", () => {
    expect(() => toPatient(uneven, { column: 0, row: 0, frame: 3 })).toThrow(RangeError);
  });
});
