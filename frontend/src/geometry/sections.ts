import { add, cross, dot, length, scale, subtract, type Vector } from "./vectors";

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
 * A polygon belongs to the plane when it is within half the plane's thickness of it.
 */
export function contoursIn(
  plane: Plane,
  contours: readonly (readonly Vector[])[],
): readonly (readonly Vector[])[] | null {
  const normal = contours.map(normalOfPolygon).find((each) => each !== null);
  if (normal === undefined || Math.abs(dot(normal, plane.normal)) < FLAT) return null;
  const half = plane.thickness_mm / 2 + 1e-6;
  return contours.filter((contour) => {
    const first = contour[0];
    return first !== undefined && Math.abs(height(plane, first)) <= half;
  });
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

/** The unit normal of a flat polygon by Newell's method; null for a line or a point. */
export function normalOfPolygon(polygon: readonly Vector[]): Vector | null {
  let [x, y, z] = [0, 0, 0];
  polygon.forEach((a, index) => {
    const b = polygon[(index + 1) % polygon.length] ?? a;
    x += (a[1] - b[1]) * (a[2] + b[2]);
    y += (a[2] - b[2]) * (a[0] + b[0]);
    z += (a[0] - b[0]) * (a[1] + b[1]);
  });
  const size = Math.hypot(x, y, z);
  return size < 1e-9 ? null : [x / size, y / size, z / size];
}
