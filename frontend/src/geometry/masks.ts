import { toPatient, toVoxel, type Placed, type Voxel } from "./frames";
import type { Plane } from "./sections";
import { distance, dot, scale, subtract, type Vector } from "./vectors";

/**
 * Voxels of one series that belong to a lesion: a box of its grid, from which those that are set
 * are told in runs, column by column, row by row, frame by frame.
 */
export interface Mask {
  /** The box's first column, row and frame. */
  first: Triple;
  /** Its columns, rows and frames. */
  size: Triple;
  /** One a voxel of the box, 0 or 1. */
  bits: Uint8Array;
}
type Triple = readonly [number, number, number];

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

/** What `written` wrote; null for anything else. */
export function read(text: string): Mask | null {
  const [head = "", tail = ""] = text.split(":");
  const [i = NaN, j = NaN, k = NaN, columns = 0, rows = 0, frames = 0] = head.split(",").map(Number);
  const bits = new Uint8Array(columns * rows * frames);
  let at = 0;
  tail.split(",").forEach((run, turn) => {
    const end = at + Number(run);
    if (turn % 2 === 1) bits.fill(1, at, end);
    at = end;
  });
  if (at !== bits.length || at === 0) return null;
  return { first: [i, j, k], size: [columns, rows, frames], bits };
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

/** A closed line round voxels of one frame. */
export interface Outline {
  frame: number;
  points: readonly Vector[];
}

/**
 * The outlines of a mask, frame by frame, along the edges of its voxels; holes have their own.
 * Each edge between a voxel inside and one outside is walked once, the inside to the right.
 */
export function outlinesOf(placed: Placed, mask: Mask): readonly Outline[] {
  return Array.from({ length: mask.size[2] }, (_, at) => at).flatMap((at) =>
    loopsOf(mask, at).map((corners) => ({
      frame: mask.first[2] + at,
      points: corners.map(([column, row]) =>
        toPatient(placed, {
          column: mask.first[0] + column - 0.5,
          row: mask.first[1] + row - 0.5,
          frame: mask.first[2] + at,
        }),
      ),
    })),
  );
}

type Corner = readonly [number, number];

function loopsOf({ size, bits }: Mask, frame: number): readonly (readonly Corner[])[] {
  const [columns, rows] = size;
  const isSet = (column: number, row: number): boolean =>
    column >= 0 && column < columns && row >= 0 && row < rows &&
    bits[column + columns * (row + rows * frame)] === 1;
  const next = new Map<string, Corner[]>();
  const edge = (from: Corner, to: Corner): void => {
    next.set(from.join(), [...(next.get(from.join()) ?? []), to]);
  };
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      if (!isSet(column, row)) continue;
      if (!isSet(column, row - 1)) edge([column, row], [column + 1, row]);
      if (!isSet(column + 1, row)) edge([column + 1, row], [column + 1, row + 1]);
      if (!isSet(column, row + 1)) edge([column + 1, row + 1], [column, row + 1]);
      if (!isSet(column - 1, row)) edge([column, row + 1], [column, row]);
    }
  }
  return chained(next);
}

/** Edges joined to closed lines; corners on a straight line are left out. */
function chained(next: Map<string, Corner[]>): readonly (readonly Corner[])[] {
  const loops: Corner[][] = [];
  for (const key of next.keys()) {
    let at = key;
    const loop: Corner[] = [];
    for (let to = next.get(at)?.pop(); to; to = next.get(at)?.pop()) {
      loop.push(to);
      at = to.join();
    }
    if (loop.length > 0) loops.push(loop.filter((corner, each) => isTurn(loop, corner, each)));
  }
  return loops;
}

function isTurn(loop: readonly Corner[], [x, y]: Corner, at: number): boolean {
  const before = loop.at(at - 1);
  const after = loop[(at + 1) % loop.length];
  return !before || !after || !((before[0] === x && x === after[0]) || (before[1] === y && y === after[1]));
}
