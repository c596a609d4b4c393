import { toPatient, type Placed } from "./frames";
import type { Vector } from "./vectors";

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
export type Triple = readonly [number, number, number];

/** What `painting.written` wrote; null for anything else. */
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
