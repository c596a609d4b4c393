import { add, cross, dot, scale, subtract, type Vector } from "./vectors";

/** What of a series' geometry places its voxels (docs/architecture.md, *Geometry*). */
export interface Placed {
  rows: number;
  columns: number;
  row_cosine: Vector;
  column_cosine: Vector;
  positions_mm: readonly Vector[];
  /** Between rows, between columns. */
  pixel_spacing_mm: readonly [number, number];
  spacing_mm: number;
}

/** A place among a series' voxels: column, row and frame, fractions allowed. */
export interface Voxel {
  column: number;
  row: number;
  frame: number;
}

/** The unit vector across the frames, in their order. */
export function normalOf(placed: Placed): Vector {
  return cross(placed.row_cosine, placed.column_cosine);
}

/**
 * Where a voxel's centre lies in the patient.
 *
 * DICOM PS3.3 C.7.6.2.1.1: position + row cosine * column spacing * column + column cosine * row
 * spacing * row. Between frames the position is interpolated.
 *
 * @throws RangeError when the frame is outside the series.
 */
export function toPatient(placed: Placed, voxel: Voxel): Vector {
  const [betweenRows, betweenColumns] = placed.pixel_spacing_mm;
  const alongRow = scale(placed.row_cosine, betweenColumns * voxel.column);
  const alongColumn = scale(placed.column_cosine, betweenRows * voxel.row);
  return add(add(positionAt(placed, voxel.frame), alongRow), alongColumn);
}

/** The voxel, with fractions, at a point of the patient; the frame is extrapolated outside. */
export function toVoxel(placed: Placed, point: Vector): Voxel {
  const frame = frameAt(placed, point);
  const last = placed.positions_mm.length - 1;
  const origin = positionAt(placed, Math.min(Math.max(frame, 0), last));
  const offset = subtract(point, origin);
  const [betweenRows, betweenColumns] = placed.pixel_spacing_mm;
  return {
    column: dot(offset, placed.row_cosine) / betweenColumns,
    row: dot(offset, placed.column_cosine) / betweenRows,
    frame,
  };
}

/** The voxel nearest to a point of the patient; outside the series as inside. */
export function nearestVoxel(placed: Placed, point: Vector): Voxel {
  const { column, row, frame } = toVoxel(placed, point);
  return { column: Math.round(column), row: Math.round(row), frame: Math.round(frame) };
}

/** The frame whose plane is nearest to a point of the patient. */
export function nearestFrame(placed: Placed, point: Vector): number {
  const normal = normalOf(placed);
  const target = dot(point, normal);
  let best = 0;
  let least = Infinity;
  placed.positions_mm.forEach((position, frame) => {
    const away = Math.abs(dot(position, normal) - target);
    if (away < least) [best, least] = [frame, away];
  });
  return best;
}

/** How far a point lies from a frame's plane, along the normal (mm, with sign). */
export function offPlane(placed: Placed, frame: number, point: Vector): number {
  return dot(subtract(point, positionAt(placed, frame)), normalOf(placed));
}

/** The point in the middle of a frame. */
export function centreOf(placed: Placed, frame: number): Vector {
  return toPatient(placed, {
    column: (placed.columns - 1) / 2,
    row: (placed.rows - 1) / 2,
    frame,
  });
}

function positionAt(placed: Placed, frame: number): Vector {
  const below = Math.floor(frame);
  const low = placed.positions_mm[below];
  const high = placed.positions_mm[Math.ceil(frame)];
  if (low === undefined || high === undefined) {
    throw new RangeError(`There is no frame ${frame} in this series.`);
  }
  return add(low, scale(subtract(high, low), frame - below));
}

function frameAt(placed: Placed, point: Vector): number {
  const normal = normalOf(placed);
  const heights = placed.positions_mm.map((position) => dot(position, normal));
  const target = dot(point, normal);
  if (heights.length < 2) return (target - (heights[0] ?? 0)) / placed.spacing_mm;
  let above = heights.findIndex((height) => height >= target);
  if (above === -1) above = heights.length - 1;
  const high = Math.max(above, 1);
  const start = heights[high - 1] ?? 0;
  const end = heights[high] ?? 1;
  return high - 1 + (target - start) / (end - start);
}
