import { add, cross, distance, dot, length, scale, subtract, unit, type Vector } from "./vectors";

/**
 * What can be measured in a picture, by its points (LPS, mm), all in one plane:
 * a probe has one; a length two; two diameters have four, the ends of the longest and of the one
 * across it (RANO-BM: Lin et al., Lancet Oncol 2015); an angle three, the vertex second; an ellipse
 * four, the ends of one axis and of the other.
 */
export type MeasureTool = "length" | "bidirectional" | "angle" | "ellipse" | "probe";
export type Points = readonly Vector[];

const LEAST_MM = 0.1;
const DEGREES = 180 / Math.PI;

/** The angle at the second of three points, in degrees; 0 where two of them coincide. */
export function angleOf([a, vertex, b]: readonly [Vector, Vector, Vector]): number {
  const [u, v] = [subtract(a, vertex), subtract(b, vertex)];
  const sizes = length(u) * length(v);
  if (sizes === 0) return 0;
  return Math.acos(Math.min(1, Math.max(-1, dot(u, v) / sizes))) * DEGREES;
}

/** Two diameters from the longest: the other one crosses its middle at a right angle. */
export function withShortAxis(a: Vector, b: Vector, normal: Vector): Points {
  const half = Math.max(distance(a, b) / 3, LEAST_MM);
  return crossed({ a, b, along: 0.5, left: half, right: half }, normal);
}

/** The ellipse in the box that two corners span, given the picture's axis to the right. */
export function ellipseIn(from: Vector, to: Vector, right: Vector): Points {
  const middle = scale(add(from, to), 0.5);
  const diagonal = subtract(to, from);
  const u = scale(right, dot(diagonal, right) / 2);
  const v = subtract(scale(diagonal, 0.5), u);
  return [subtract(middle, u), add(middle, u), subtract(middle, v), add(middle, v)];
}

/** A measure's points after one of them was dragged to a place in the same plane. */
export function withPointAt(tool: MeasureTool, points: Points, at: number, to: Vector): Points {
  if (tool === "bidirectional") return diametersWith(points, at, to);
  if (tool === "ellipse") return ellipseWith(points, at, to);
  return points.map((point, each) => (each === at ? to : point));
}

export function movedBy(points: Points, by: Vector): Points {
  return points.map((point) => add(point, by));
}

/** Two diameters: the longest, where the other one crosses it (0 to 1), and its two halves (mm). */
interface Diameters {
  a: Vector;
  b: Vector;
  along: number;
  left: number;
  right: number;
}

function crossed({ a, b, along, left, right }: Diameters, normal: Vector): Points {
  const axis = subtract(b, a);
  if (length(axis) < LEAST_MM) return [a, b, a, b];
  const across = unit(cross(normal, axis));
  const foot = add(a, scale(axis, along));
  return [a, b, add(foot, scale(across, left)), subtract(foot, scale(across, right))];
}

function diametersWith(points: Points, at: number, to: Vector): Points {
  const [a, b, c, d] = points;
  if (!a || !b || !c || !d) return points;
  const axis = subtract(b, a);
  const normal = cross(axis, subtract(c, d));
  const size = dot(axis, axis);
  if (size === 0 || length(normal) === 0) return points.map((p, each) => (each === at ? to : p));
  const alongOf = (point: Vector): number => dot(subtract(point, a), axis) / size;
  const isLong = at < 2;
  const along = Math.min(1, Math.max(0, alongOf(isLong ? c : to)));
  const across = unit(cross(normal, axis));
  const foot = add(a, scale(axis, alongOf(c)));
  const reach = (point: Vector, side: 1 | -1): number =>
    Math.max(side * dot(subtract(point, foot), across), LEAST_MM);
  const left = reach(at === 2 ? to : c, 1);
  const right = reach(at === 3 ? to : d, -1);
  const ends = isLong ? { a: at === 0 ? to : a, b: at === 1 ? to : b } : { a, b };
  return crossed({ ...ends, along, left, right }, unit(normal));
}

function ellipseWith(points: Points, at: number, to: Vector): Points {
  const [opposite, pair] = [at ^ 1, at < 2 ? [2, 3] : [0, 1]];
  const fixed = points[opposite];
  const held = points[at];
  if (!fixed || !held || distance(held, fixed) === 0) return points;
  const axis = unit(subtract(held, fixed));
  const reach = Math.max(dot(subtract(to, fixed), axis), LEAST_MM);
  const end = add(fixed, scale(axis, reach));
  const by = scale(subtract(end, held), 0.5); // the centre follows, and the other axis with it
  return points.map((point, each) => {
    if (each === at) return end;
    return pair.includes(each) ? add(point, by) : point;
  });
}

/** An ellipse as a centre and two half axes at right angles. */
export interface Ellipse {
  centre: Vector;
  u: Vector;
  v: Vector;
}

export function ellipseOf(points: Points): Ellipse | null {
  const [left, right, top, bottom] = points;
  if (!left || !right || !top || !bottom) return null;
  const [u, v] = [scale(subtract(right, left), 0.5), scale(subtract(bottom, top), 0.5)];
  if (length(u) === 0 || length(v) === 0) return null;
  return { centre: scale(add(left, right), 0.5), u, v };
}

export function areaOf({ u, v }: Ellipse): number {
  return Math.PI * length(u) * length(v);
}

export function isInside({ centre, u, v }: Ellipse, point: Vector): boolean {
  const offset = subtract(point, centre);
  return (dot(offset, u) / dot(u, u)) ** 2 + (dot(offset, v) / dot(v, v)) ** 2 <= 1;
}

/** What the samples in a region come to. */
export interface Statistics {
  count: number;
  mean: number;
  /** Of the population. */
  deviation: number;
  least: number;
  most: number;
}

export function statisticsOf(samples: readonly number[]): Statistics | null {
  const count = samples.length;
  if (count === 0) return null;
  const mean = samples.reduce((sum, each) => sum + each, 0) / count;
  const squares = samples.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  const least = samples.reduce((low, each) => Math.min(low, each), Infinity);
  const most = samples.reduce((high, each) => Math.max(high, each), -Infinity);
  return { count, mean, deviation: Math.sqrt(squares / count), least, most };
}
