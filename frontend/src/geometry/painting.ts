/** Lesions drawn: what the brush and growing regions need, loaded with the first of them. */
import { toPatient, toVoxel, type Placed, type Voxel } from "./frames";
import { outlinesOf, type Mask, type Triple } from "./masks";
import type { Plane } from "./sections";
import { distance, dot, scale, subtract, type Vector } from "./vectors";

/** The longest side of a box that is kept (readerstudy/reads/masks.py has the same). */
export const MOST_SIDE = 256;

/**
 * A mask as it is sent and kept: "column,row,frame,columns,rows,frames:run,run,…", the runs by turns
 * of voxels outside and inside, outside first.
 */
export function written({ first, size, bits }: Mask): string {
  const runs: number[] = [];
  let now = 0;
  let run = 0;
  for (const bit of bits) {
    if (bit !== now) {
      runs.push(run);
      [now, run] = [bit, 0];
    }
    run += 1;
  }
  runs.push(run);
  return `${[...first, ...size].join(",")}:${runs.join(",")}`;
}

/** The mask of some voxels with whole numbers; null for none, or where they lie too far apart. */
export function maskOf(voxels: readonly Voxel[]): Mask | null {
  if (voxels.length === 0) return null;
  const low: [number, number, number] = [Infinity, Infinity, Infinity];
  const high: [number, number, number] = [-Infinity, -Infinity, -Infinity];
  for (const voxel of voxels) {
    [voxel.column, voxel.row, voxel.frame].forEach((value, axis) => {
      low[axis] = Math.min(low[axis] ?? value, value);
      high[axis] = Math.max(high[axis] ?? value, value);
    });
  }
  const size: Triple = [high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1];
  if (Math.max(...size) > MOST_SIDE) return null;
  const bits = new Uint8Array(size[0] * size[1] * size[2]);
  for (const { column, row, frame } of voxels) {
    bits[column - low[0] + size[0] * (row - low[1] + size[1] * (frame - low[2]))] = 1;
  }
  return { first: low, size, bits };
}

/** The voxels of a mask. */
export function voxelsOf({ first, size, bits }: Mask): readonly Voxel[] {
  const found: Voxel[] = [];
  bits.forEach((bit, at) => {
    if (bit === 0) return;
    const row = Math.floor(at / size[0]);
    found.push({
      column: first[0] + (at % size[0]),
      row: first[1] + (row % size[1]),
      frame: first[2] + Math.floor(row / size[1]),
    });
  });
  return found;
}

/** A round brush in a plane that is looked at. */
export interface Dab {
  centre: Vector;
  radius_mm: number;
  plane: Plane;
  isErasing: boolean;
}

/** A mask after a dab; null when nothing is left, the mask itself when it would get too large. */
export function dabbed(placed: Placed, mask: Mask | null, dab: Dab): Mask | null {
  const under = voxelsUnder(placed, dab);
  const before = mask ? voxelsOf(mask) : [];
  const keyOf = ({ column, row, frame }: Voxel): string => `${column},${row},${frame}`;
  const changed = new Set(under.map(keyOf));
  const others = before.filter((voxel) => !changed.has(keyOf(voxel)));
  const after = dab.isErasing ? others : [...others, ...under];
  return after.length === 0 ? null : (maskOf(after) ?? mask);
}

/** The voxels of the series under a brush: a disc in the plane, as thick as the plane is taken. */
function voxelsUnder(placed: Placed, { centre, radius_mm, plane }: Dab): readonly Voxel[] {
  const middle = toVoxel(placed, centre);
  const reach = radius_mm + plane.thickness_mm;
  const [betweenRows, betweenColumns] = placed.pixel_spacing_mm;
  const range = (at: number, step: number, last: number): readonly number[] => {
    const low = Math.max(0, Math.ceil(at - reach / step));
    const high = Math.min(last, Math.floor(at + reach / step));
    return Array.from({ length: Math.max(0, high - low + 1) }, (_, each) => low + each);
  };
  const found: Voxel[] = [];
  for (const frame of range(middle.frame, placed.spacing_mm, placed.positions_mm.length - 1)) {
    for (const row of range(middle.row, betweenRows, placed.rows - 1)) {
      for (const column of range(middle.column, betweenColumns, placed.columns - 1)) {
        const voxel = { column, row, frame };
        const offset = subtract(toPatient(placed, voxel), centre);
        const away = dot(offset, plane.normal);
        // Half a plane: of two frames that are equally near, one is meant.
        if (away < -plane.thickness_mm / 2 || away >= plane.thickness_mm / 2) continue;
        if (distance(offset, scale(plane.normal, away)) <= radius_mm) found.push(voxel);
      }
    }
  }
  return found;
}

/** A mask's size as a reader knows sizes. */
export interface Measured {
  volume_mm3: number;
  /** The longest distance within one frame, from edge to edge. */
  diameter_mm: number;
}

export function measured(placed: Placed, mask: Mask): Measured {
  const [betweenRows, betweenColumns] = placed.pixel_spacing_mm;
  const count = mask.bits.reduce((sum, bit) => sum + bit, 0);
  const longest = outlinesOf(placed, mask).reduce((most, { points }) => {
    points.forEach((one, at) => {
      for (const other of points.slice(at + 1)) most = Math.max(most, distance(one, other));
    });
    return most;
  }, 0);
  return {
    volume_mm3: count * betweenRows * betweenColumns * placed.spacing_mm,
    diameter_mm: longest,
  };
}
