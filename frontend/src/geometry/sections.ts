import { add, cross, dot, length, scale, subtract, unit, type Vector } from "./vectors";

/** Polygons nearer than this are in one slice: their points are rounded to 0.01 mm. */
export const SAME_SLICE_MM = 0.3;
const FLAT = 0.995; // cosine of the angle up to which two planes count as parallel

/** A plane that is looked at: a point in it, its unit normal, and how thick it is taken (mm). */
export interface Plane {
  point: Vector;
  normal: Vector;
  thickness_mm: number;
}

/** Distance of a point from a plane (mm, with sign). */
export function height(plane: Plane, point: Vector): number {
  return dot(subtract(point, plane.point), plane.normal);
}

/**
 * The radius of the circle that a plane cuts out of a sphere (mm), or null when it passes by.
 *
 * A sphere smaller than the plane's thickness shows with its own radius in the plane it lies in.
 */
export function sectionRadius(plane: Plane, centre: Vector, radius_mm: number): number | null {
  const away = Math.abs(height(plane, centre));
  if (away <= plane.thickness_mm / 2) return radius_mm;
  if (away >= radius_mm) return null;
  return Math.sqrt(radius_mm ** 2 - away ** 2);
}

/**
 * The closed polygons that lie in a plane; null when the polygons are drawn in another direction.
 *
 * A polygon belongs to the plane when it is within half the plane's thickness of it, or within half
 * of `slices_mm`: how far apart the slices of a body without gaps are, so that a thinner plane between
 * two of them does not pass it by. Of several slices within a thick plane the nearest to its middle
 * counts: all of them over each other would be a tangle of lines.
 */
export function contoursIn(
  plane: Plane,
  contours: readonly (readonly Vector[])[],
  slices_mm = 0,
): readonly (readonly Vector[])[] | null {
  const isIn = sliceIn(plane, contours, slices_mm);
  return isIn && contours.filter(isIn);
}

/** Whether a polygon lies in the slice of a body that shows in a plane (`contoursIn`). */
export function sliceIn(
  plane: Plane,
  contours: readonly (readonly Vector[])[],
  slices_mm = 0,
): ((contour: readonly Vector[]) => boolean) | null {
  const normal = normalOfPolygons(contours);
  if (normal === null || Math.abs(dot(normal, plane.normal)) < FLAT) return null;
  const half = Math.max(plane.thickness_mm, slices_mm) / 2 + 1e-6;
  let nearest = Infinity;
  let slice = 0; // where the nearest one lies along the polygons' own normal
  for (const [first] of contours) {
    if (first === undefined) continue;
    const away = Math.abs(height(plane, first));
    if (away < nearest && away <= half) [nearest, slice] = [away, dot(first, normal)];
  }
  return ([first]) =>
    nearest < Infinity && first !== undefined && Math.abs(dot(first, normal) - slice) < SAME_SLICE_MM;
}

/** A straight line: a point on it and its unit direction. */
export interface Line {
  point: Vector;
  direction: Vector;
}

/** The line in which two planes cut each other, or null where they are as good as parallel. */
export function lineBetween(plane: Plane, other: Plane): Line | null {
  const along = cross(plane.normal, other.normal);
  const size = length(along);
  if (size < Math.sqrt(1 - FLAT ** 2)) return null;
  const direction = scale(along, 1 / size);
  // From the plane's own point straight towards the other plane, within the first.
  const towards = cross(direction, plane.normal);
  const away = -height(other, plane.point) / dot(towards, other.normal);
  return { point: add(plane.point, scale(towards, away)), direction };
}

/**
 * The unit normal of flat polygons in parallel planes; null where all are lines or points.
 *
 * It is the largest one's: points are rounded to 0.01 mm, which turns a small polygon's normal.
 */
export function normalOfPolygons(polygons: readonly (readonly Vector[])[]): Vector | null {
  let largest: Vector = [0, 0, 0];
  for (const each of polygons) {
    const found = areaVector(each);
    if (length(found) > length(largest)) largest = found;
  }
  return length(largest) < 1e-9 ? null : unit(largest);
}

/** Along the normal of a flat polygon, as long as twice its area (mm²), by Newell's method. */
function areaVector(polygon: readonly Vector[]): Vector {
  let [x, y, z] = [0, 0, 0];
  polygon.forEach((a, index) => {
    const b = polygon[(index + 1) % polygon.length] ?? a;
    x += (a[1] - b[1]) * (a[2] + b[2]);
    y += (a[2] - b[2]) * (a[0] + b[0]);
    z += (a[0] - b[0]) * (a[1] + b[1]);
  });
  return [x, y, z];
}
