import { lineBetween, normalOfPolygons, SAME_SLICE_MM, type Plane } from "./sections";
import { add, cross, dot, scale, subtract, type Vector } from "./vectors";

type Polygon = readonly Vector[];

const ONE_SLICE_MM = 1; // a body in a single slice does not say how thick it is

/**
 * What a plane cuts out of a body that is told by closed polygons in parallel slices.
 *
 * Each slice stands for a slab as thick as slices are apart, so that the section consists of
 * rectangles, one for each stretch inside a slice's polygons (a polygon in another is a hole).
 * Null where the plane is as good as parallel to the slices: its polygons are there (`contoursIn`).
 */
export function sectionOfStack(plane: Plane, polygons: readonly Polygon[]): readonly Polygon[] | null {
  const normal = normalOfPolygons(polygons);
  if (normal === null) return null;
  const slices = byHeight(polygons, normal);
  const half_mm = gap(slices.map((each) => each.height)) / 2;
  const found: Polygon[] = [];
  for (const slice of slices) {
    const point = slice.polygons[0]?.[0];
    if (point === undefined) continue;
    const line = lineBetween({ point, normal, thickness_mm: 0 }, plane);
    if (line === null) return null;
    const up = cross(plane.normal, line.direction);
    const reach = scale(up, half_mm / dot(up, normal));
    for (const [from, to] of stretches(slice.polygons, line.point, line.direction, normal)) {
      const [a, b] = [from, to].map((mm) => add(line.point, scale(line.direction, mm))) as [
        Vector,
        Vector,
      ];
      found.push([subtract(a, reach), subtract(b, reach), add(b, reach), add(a, reach)]);
    }
  }
  return found;
}

interface Slice {
  height: number;
  polygons: Polygon[];
}

function byHeight(polygons: readonly Polygon[], normal: Vector): readonly Slice[] {
  const rising = polygons
    .flatMap((polygon) => (polygon[0] ? [{ height: dot(polygon[0], normal), polygon }] : []))
    .sort((a, b) => a.height - b.height);
  const slices: Slice[] = [];
  for (const { height, polygon } of rising) {
    const slice = slices.at(-1);
    if (slice && height - slice.height < SAME_SLICE_MM) slice.polygons.push(polygon);
    else slices.push({ height, polygons: [polygon] });
  }
  return slices;
}

const gaps = new WeakMap<readonly Polygon[], number>(); // asked at every step through a series

/** How far apart (mm) the parallel slices are that a body's closed polygons lie in. */
export function sliceGap(polygons: readonly Polygon[]): number {
  const known = gaps.get(polygons);
  if (known !== undefined) return known;
  const normal = normalOfPolygons(polygons);
  const found = normal === null ? 0 : gap(byHeight(polygons, normal).map((each) => each.height));
  gaps.set(polygons, found);
  return found;
}

/** The median step between rising heights, as a slice may have nothing. */
function gap(heights: readonly number[]): number {
  const steps = heights.slice(1).map((each, index) => each - (heights[index] ?? each));
  steps.sort((a, b) => a - b);
  return steps[Math.floor((steps.length - 1) / 2)] ?? ONE_SLICE_MM;
}

/** From where to where (mm along a line in the slice) the line is inside, by the even-odd rule. */
function stretches(
  polygons: readonly Polygon[],
  origin: Vector,
  direction: Vector,
  normal: Vector,
): readonly (readonly [number, number])[] {
  const across = cross(normal, direction);
  const cuts = polygons.flatMap((polygon) =>
    polygon.flatMap((here, index) => {
      const next = polygon[(index + 1) % polygon.length] ?? here;
      const [a, b] = [here, next].map((each) => dot(subtract(each, origin), across)) as [number, number];
      if (a > 0 === b > 0) return [];
      const [from, to] = [here, next].map((each) => dot(subtract(each, origin), direction)) as [
        number,
        number,
      ];
      return [from + ((to - from) * a) / (a - b)];
    }),
  );
  cuts.sort((a, b) => a - b);
  const found: (readonly [number, number])[] = [];
  for (let n = 0; n + 1 < cuts.length; n += 2) found.push([cuts[n] ?? 0, cuts[n + 1] ?? 0]);
  return found;
}
