import { nearestFrame, normalOf, toPatient, toVoxel, type Placed, type Voxel } from "./frames";
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
      if (isInside(ellipse, point)) found.push(rounded(toVoxel(placed, point)));
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

function rounded({ column, row, frame }: Voxel): Voxel {
  return { column: Math.round(column), row: Math.round(row), frame: Math.round(frame) };
}

/** A lesion's extent as the image shows it. */
export interface Extent {
  /** The middle of its bounding box. */
  centre_mm: Vector;
  /** The diameter of the sphere of the same volume. */
  diameter_mm: number;
  volume_mm3: number;
  voxels: readonly Voxel[];
}

const MOST_RADIUS_MM = 30;
const HALF = 0.5;
const SHELL_MM: readonly [number, number] = [12, 16];

/**
 * The bright region about a point: every voxel joined to the brightest one nearby that is above
 * half way (or another fraction of it) from the surround to that maximum. Null where nothing stands out, or where the
 * region runs on for more than 30 mm (a vessel, the dura, the skull).
 *
 * The surround is the median in a shell 12 to 16 mm away.
 */
export function extentAt(
  placed: Placed,
  point: Vector,
  valueAt: ValueAt,
  fraction = HALF,
): Extent | null {
  const peak = peakNear(placed, point, valueAt);
  const surround = medianAround(placed, point, valueAt);
  if (peak === null || surround === null || peak.value <= surround * 1.1) return null;
  const least = surround + fraction * (peak.value - surround);
  const joined = grow(placed, peak.voxel, (voxel) => (valueAt(voxel) ?? -Infinity) >= least);
  if (joined === null) return null;
  const [betweenRows, betweenColumns] = placed.pixel_spacing_mm;
  const volume_mm3 = joined.length * betweenRows * betweenColumns * placed.spacing_mm;
  const diameter_mm = 2 * Math.cbrt((3 * volume_mm3) / (4 * Math.PI));
  return { centre_mm: toPatient(placed, middleOf(joined)), diameter_mm, volume_mm3, voxels: joined };
}

function peakNear(
  placed: Placed,
  point: Vector,
  valueAt: ValueAt,
): { voxel: Voxel; value: number } | null {
  let best: { voxel: Voxel; value: number } | null = null;
  for (const voxel of near(placed, point, 2)) {
    const value = valueAt(voxel);
    if (value !== null && value > (best?.value ?? -Infinity)) best = { voxel, value };
  }
  return best;
}

function medianAround(placed: Placed, point: Vector, valueAt: ValueAt): number | null {
  const [low, high] = SHELL_MM;
  const values = near(placed, point, high)
    .filter((voxel) => distance(toPatient(placed, voxel), point) >= low)
    .map(valueAt)
    .filter((value) => value !== null)
    .sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)] ?? null;
}

/** The voxels of the series within a radius of a point. */
function near(placed: Placed, point: Vector, radius_mm: number): readonly Voxel[] {
  const { column, row, frame } = rounded(toVoxel(placed, point));
  const [betweenRows, betweenColumns] = placed.pixel_spacing_mm;
  const [di, dj, dk] = [betweenColumns, betweenRows, placed.spacing_mm].map((step) =>
    Math.ceil(radius_mm / step),
  ) as [number, number, number];
  const found: Voxel[] = [];
  for (let k = Math.max(frame - dk, 0); k <= Math.min(frame + dk, placed.positions_mm.length - 1); k += 1) {
    for (let j = row - dj; j <= row + dj; j += 1) {
      for (let i = column - di; i <= column + di; i += 1) {
        const voxel = { column: i, row: j, frame: k };
        if (distance(toPatient(placed, voxel), point) <= radius_mm) found.push(voxel);
      }
    }
  }
  return found;
}

/** All voxels joined to a first one by their faces; null where they reach too far. */
function grow(placed: Placed, first: Voxel, belongs: (voxel: Voxel) => boolean): readonly Voxel[] | null {
  const start = toPatient(placed, first);
  const last = placed.positions_mm.length - 1;
  const keyOf = ({ column, row, frame }: Voxel): string => `${column},${row},${frame}`;
  const seen = new Set([keyOf(first)]);
  const joined = [first];
  for (const voxel of joined) {
    if (distance(toPatient(placed, voxel), start) > MOST_RADIUS_MM) return null;
    for (const next of neighbours(voxel)) {
      if (next.frame < 0 || next.frame > last || seen.has(keyOf(next)) || !belongs(next)) continue;
      seen.add(keyOf(next));
      joined.push(next);
    }
  }
  return joined;
}

function neighbours({ column, row, frame }: Voxel): readonly Voxel[] {
  return [
    { column: column - 1, row, frame },
    { column: column + 1, row, frame },
    { column, row: row - 1, frame },
    { column, row: row + 1, frame },
    { column, row, frame: frame - 1 },
    { column, row, frame: frame + 1 },
  ];
}

function middleOf(voxels: readonly Voxel[]): Voxel {
  const middle = (values: readonly number[]): number => {
    const low = values.reduce((a, b) => Math.min(a, b), Infinity);
    const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
    return (low + high) / 2;
  };
  return {
    column: middle(voxels.map((each) => each.column)),
    row: middle(voxels.map((each) => each.row)),
    frame: middle(voxels.map((each) => each.frame)),
  };
}
