import { nearestVoxel, toPatient, type Placed, type Voxel } from "./frames";
import type { ValueAt } from "./regions";
import { distance, type Vector } from "./vectors";

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
  const { column, row, frame } = nearestVoxel(placed, point);
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
