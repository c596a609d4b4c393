import type { ScreenPoint } from "../viewer/contract";
import type { Means } from "../viewer/gestures";
import type { Grip } from "../viewer/measure-overlay";
import type { Spot } from "../viewer/overlay";

const EDGE_PX = 5; // how near to a mark's circle the pointer takes hold of its edge
const GRIP_PX = 7;
const FINGER_PX = 16; // how near a finger has to come: targets of 24 px and more (WCAG 2.5.8)

/** What of a mark lies under the pointer. */
export interface MarkSpot {
  kind: "move_mark" | "size_mark";
  mark: string;
}

/** What of a measurement lies under the pointer: one of its points, or all of it. */
export interface GripSpot {
  measure: string;
  point: number | null;
}

interface Found<Each> {
  each: Each;
  id: string;
  away_px: number;
  size_px: number;
}

/**
 * Which mark is meant where several lie under the pointer: by a drag the selected one, else the
 * nearest. A click is how another one is chosen: one that lies nearer and is smaller than the
 * selected one, as a lesion within a large circle, is meant by it.
 */
export function markAt(
  spots: readonly Spot[],
  place: ScreenPoint,
  means: Means,
  selected: string | null,
  by: "drag" | "click",
): MarkSpot | null {
  const found = spots.flatMap((spot) => under(spot, place, means)).sort(nearestFirst);
  const own = found.find(({ id }) => id === selected);
  const [nearest] = found;
  const isWithin = by === "click" && own && nearest && nearest.size_px < own.size_px;
  return (isWithin ? nearest : (own ?? nearest))?.each ?? null;
}

/**
 * Which measurement is meant: the selected one, else the nearest; a point of one before its line.
 */
export function gripAt(
  grips: readonly Grip[],
  place: ScreenPoint,
  means: Means,
  selected: string | null,
): GripSpot | null {
  const near = means === "finger" ? FINGER_PX : GRIP_PX;
  const found = grips.flatMap((grip) => held(grip, place, near)).sort(nearestFirst);
  return (found.find(({ id }) => id === selected) ?? found[0])?.each ?? null;
}

/** Which proposal's brackets hold the pointer: the selected one's, else the nearest's. */
export function proposalAt(
  boxes: readonly Spot[],
  [x, y]: ScreenPoint,
  means: Means,
  selected: string | null,
): string | null {
  const more = means === "finger" ? FINGER_PX : 0;
  const found = boxes
    .filter(({ centre, radius_px }) => {
      const half = Math.max(radius_px, more);
      return Math.abs(x - centre[0]) <= half && Math.abs(y - centre[1]) <= half;
    })
    .sort((one, other) => away(one.centre, [x, y]) - away(other.centre, [x, y]));
  return (found.find(({ id }) => id === selected) ?? found[0])?.id ?? null;
}

function under({ id, centre, radius_px }: Spot, place: ScreenPoint, means: Means): Found<MarkSpot>[] {
  const isFinger = means === "finger";
  const far = away(place, centre);
  const toEdge = Math.abs(far - radius_px);
  // Of a circle as small as a fingertip only the whole can be meant.
  const hasEdge = !isFinger || radius_px > 2 * FINGER_PX;
  const isEdge = hasEdge && toEdge <= (isFinger ? FINGER_PX : EDGE_PX);
  if (!isEdge && far >= Math.max(radius_px, isFinger ? FINGER_PX : 0)) return [];
  const each: MarkSpot = { kind: isEdge ? "size_mark" : "move_mark", mark: id };
  return [{ each, id, away_px: Math.min(far, toEdge), size_px: radius_px }];
}

function held({ measure, points, lines }: Grip, place: ScreenPoint, near: number): Found<GripSpot>[] {
  const [nearest] = points
    .map((at, point) => ({ point, away_px: away(at, place) }))
    .sort((one, other) => one.away_px - other.away_px);
  if (nearest && nearest.away_px <= near) {
    return [{ each: { measure, point: nearest.point }, id: measure, away_px: nearest.away_px, size_px: 0 }];
  }
  const away_px = Math.min(...lines.map((line) => beside(line, place)));
  return away_px <= near ? [{ each: { measure, point: null }, id: measure, away_px, size_px: 0 }] : [];
}

function nearestFirst(one: Found<unknown>, other: Found<unknown>): number {
  return one.away_px - other.away_px || one.size_px - other.size_px;
}

function away([x, y]: ScreenPoint, [u, v]: ScreenPoint): number {
  return Math.hypot(x - u, y - v);
}

/** How far a place lies from a line between two points. */
function beside([a, b]: readonly [ScreenPoint, ScreenPoint], place: ScreenPoint): number {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const along = ((place[0] - a[0]) * dx + (place[1] - a[1]) * dy) / (dx * dx + dy * dy || 1);
  const at = Math.min(Math.max(along, 0), 1);
  return away(place, [a[0] + at * dx, a[1] + at * dy]);
}
