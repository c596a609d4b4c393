import { nearestFrame, nearestVoxel, normalOf, toPatient, toVoxel, type Placed, type Voxel } from "./frames";
import { isInside, type Ellipse } from "./measures";
import { add, cross, distance, dot, scale, unit, type Vector } from "./vectors";

const FLAT = 0.999; // cosine of the angle up to which an ellipse lies in the frames
const MOST_SAMPLES = 40_000;

/** The value after rescale at a voxel with whole numbers; null outside. */
export type ValueAt = (voxel: Voxel) => number | null;

/**
 * The values inside an ellipse: every pixel whose centre lies in it where it lies in a frame, else
 * the nearest voxels on a grid of the finest pixel spacing.
 */
export function valuesIn(placed: Placed, ellipse: Ellipse, valueAt: ValueAt): readonly number[] {
  const normal = unit(cross(ellipse.u, ellipse.v));
  const isInFrame = Math.abs(dot(normal, normalOf(placed))) > FLAT;
  const found = isInFrame ? pixels(placed, ellipse) : grid(placed, ellipse);
  return found.map(valueAt).filter((value) => value !== null);
}

function pixels(placed: Placed, ellipse: Ellipse): readonly Voxel[] {
  const frame = nearestFrame(placed, ellipse.centre);
  const corners = cornersOf(ellipse).map((corner) => toVoxel(placed, corner));
  const range = (values: readonly number[]): readonly [number, number] => [
    Math.ceil(Math.min(...values)),
    Math.floor(Math.max(...values)),
  ];
  const [left, right] = range(corners.map((each) => each.column));
  const [top, bottom] = range(corners.map((each) => each.row));
  const found: Voxel[] = [];
  for (let row = top; row <= bottom; row += 1) {
    for (let column = left; column <= right; column += 1) {
      const voxel = { column, row, frame };
      if (isInside(ellipse, toPatient(placed, voxel))) found.push(voxel);
    }
  }
  return found;
}

function grid(placed: Placed, ellipse: Ellipse): readonly Voxel[] {
  const { centre, u, v } = ellipse;
  const [a, b] = [distance([0, 0, 0], u), distance([0, 0, 0], v)];
  const step = Math.max(Math.min(...placed.pixel_spacing_mm), Math.sqrt((4 * a * b) / MOST_SAMPLES));
  const found: Voxel[] = [];
  for (let s = -a; s <= a; s += step) {
    for (let t = -b; t <= b; t += step) {
      const point = add(add(centre, scale(u, s / a)), scale(v, t / b));
      if (isInside(ellipse, point)) found.push(nearestVoxel(placed, point));
    }
  }
  return found;
}

function cornersOf({ centre, u, v }: Ellipse): readonly Vector[] {
  return [
    [1, 1],
    [1, -1],
    [-1, 1],
    [-1, -1],
  ].map(([s = 1, t = 1]) => add(add(centre, scale(u, s)), scale(v, t)));
}
