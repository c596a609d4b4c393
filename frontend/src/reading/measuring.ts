import { signal } from "@preact/signals";

import {
  angleOf,
  areaOf,
  ellipseIn,
  ellipseOf,
  movedBy,
  statisticsOf,
  withPointAt,
  withShortAxis,
  type MeasureTool,
  type Points,
} from "../geometry/measures";
import { valuesIn } from "../geometry/regions";
import { cross, distance, subtract, type Vector } from "../geometry/vectors";
import type { Pane, ScreenPoint } from "../viewer/contract";
import type { Measure } from "./draft";

export const MEASURE_TOOLS: readonly MeasureTool[] = [
  "length",
  "bidirectional",
  "angle",
  "ellipse",
  "probe",
];

/** How many points each asks for where they are put one by one. */
const POINTS: Readonly<Record<MeasureTool, number>> = {
  probe: 1,
  length: 2,
  ellipse: 2,
  angle: 3,
  bidirectional: 4,
};
const APART_MM = 0.1;

export function isMeasureTool(tool: string): tool is MeasureTool {
  return (MEASURE_TOOLS as readonly string[]).includes(tool);
}

/** What the pointer holds of a measurement: one of its points, or all of it. */
export interface Hold {
  measure: Measure;
  point: number | null;
}

/** The measurement under the reader's hand; it becomes one of the case's when it is let go. */
export class Measuring {
  readonly drawing = signal<Measure | null>(null);
  private isThirdPending = false;
  /** By keys a measurement grows point by point: those that stand so far, and in which pane. */
  private placed: { pane: Pane; points: readonly Vector[] } | null = null;

  constructor(private readonly keep: (measure: Measure) => void) {}

  /** Drag a new measurement out. */
  draw(tool: MeasureTool, pane: Pane, from: ScreenPoint, at: ScreenPoint): void {
    this.placed = null;
    const points_mm = pointsFor(tool, pane, pane.toPatient(from), pane.toPatient(at));
    const measure_id = this.drawing.value?.measure_id ?? crypto.randomUUID();
    this.drawing.value = valued({ measure_id, tool, series: pane.series.id, points_mm, values: [] }, pane);
  }

  /** Put a measurement's next point, by a key: with the last it is whole, and kept. */
  place(tool: MeasureTool, pane: Pane, at: ScreenPoint): void {
    if (this.placed?.pane !== pane) this.cancel();
    const points = this.placedWith(pane, at);
    const [last, before] = [points.at(-1), points.at(-2)];
    if (last && before && distance(last, before) < APART_MM) return; // nowhere else yet
    this.placed = { pane, points };
    this.show(tool, pane, points);
    if (points.length === POINTS[tool]) this.finish();
  }

  /** The points that stand, in the slice that shows now, and one more. */
  private placedWith(pane: Pane, at: ScreenPoint): readonly Vector[] {
    const stand = this.placed?.points ?? [];
    return [...stand.map((point) => pane.toPatient(pane.toScreen(point))), pane.toPatient(at)];
  }

  private show(tool: MeasureTool, pane: Pane, points: readonly Vector[]): void {
    const measure_id = this.drawing.value?.measure_id ?? crypto.randomUUID();
    const points_mm = pointsBy(tool, pane, points);
    this.drawing.value = valued({ measure_id, tool, series: pane.series.id, points_mm, values: [] }, pane);
  }

  /** Drag what is held of a measurement that was there. */
  hold({ measure, point }: Hold, pane: Pane, from: ScreenPoint, at: ScreenPoint): void {
    const to = pane.toPatient(at);
    const points_mm =
      point === null
        ? movedBy(measure.points_mm, subtract(to, pane.toPatient(from)))
        : withPointAt(measure.tool, measure.points_mm, point, to);
    this.drawing.value = valued({ ...measure, points_mm }, pane);
  }

  /** Let go: an angle that was begun now waits for its third point. */
  release(isNew: boolean): void {
    const { value } = this.drawing;
    if (value?.tool === "angle" && isNew) this.isThirdPending = true;
    else this.finish();
  }

  /** The cursor moves without a button: the third point of an angle, or the next by keys, follows it. */
  hover(pane: Pane, at: ScreenPoint): void {
    const { value } = this.drawing;
    if (value && this.placed?.pane === pane) this.show(value.tool, pane, this.placedWith(pane, at));
    if (!value || !this.isThirdPending || value.series !== pane.series.id) return;
    const points_mm = [...value.points_mm.slice(0, 2), pane.toPatient(at)];
    this.drawing.value = valued({ ...value, points_mm }, pane);
  }

  /** @returns whether the click ended what was being drawn. */
  click(pane: Pane, at: ScreenPoint, tool: string): boolean {
    if (this.placed?.pane === pane && isMeasureTool(tool)) {
      this.place(tool, pane, at);
      return true;
    }
    if (this.isThirdPending) {
      this.hover(pane, at);
      this.finish();
      return true;
    }
    if (tool !== "probe") return false;
    this.draw(tool, pane, at, at);
    this.finish();
    return true;
  }

  cancel(): void {
    this.isThirdPending = false;
    this.placed = null;
    this.drawing.value = null;
  }

  private finish(): void {
    const { value } = this.drawing;
    this.cancel();
    if (value) this.keep(value);
  }
}

function pointsFor(tool: MeasureTool, pane: Pane, from: Vector, to: Vector): Points {
  const { right, normal } = inPlane(pane);
  switch (tool) {
    case "probe":
      return [to];
    case "length":
      return [from, to];
    case "bidirectional":
      return withShortAxis(from, to, normal);
    case "ellipse":
      return ellipseIn(from, to, right);
    case "angle":
      return [from, to, to];
  }
}

/** A measurement of points that were put one by one: a long diameter, then the ends of the one across. */
function pointsBy(tool: MeasureTool, pane: Pane, [from, to, third, fourth]: readonly Vector[]): Points {
  if (!from) return [];
  const begun = pointsFor(tool, pane, from, to ?? from);
  if (!third) return begun;
  if (tool === "angle") return withPointAt(tool, begun, 2, third);
  const [, , left, right] = begun;
  const isLeft = left && right && distance(third, left) <= distance(third, right);
  const crossed = withPointAt(tool, begun, isLeft ? 2 : 3, third);
  return fourth ? withPointAt(tool, crossed, isLeft ? 3 : 2, fourth) : crossed;
}

/** A pane's direction to the right, and its normal. */
function inPlane(pane: Pane): { right: Vector; normal: Vector } {
  const origin = pane.toPatient([0, 0]);
  const across = subtract(pane.toPatient([100, 0]), origin);
  const size = distance(pane.toPatient([100, 0]), origin);
  const right: Vector = [across[0] / size, across[1] / size, across[2] / size];
  return { right, normal: cross(right, subtract(pane.toPatient([0, 100]), origin)) };
}

function valued(measure: Measure, pane: Pane): Measure {
  return { ...measure, values: valuesOf(measure, pane) };
}

function valuesOf({ tool, points_mm }: Measure, pane: Pane): readonly number[] {
  if (tool === "ellipse") return ellipseValues(points_mm, pane);
  const [a, b, c, d] = points_mm;
  if (!a) return [];
  if (!b) return [pane.valueAt(a)].filter((value) => value !== null);
  if (!c) return [distance(a, b)];
  if (!d) return [angleOf([a, b, c])];
  return [distance(a, b), distance(c, d)].sort((one, other) => other - one);
}

/** Mean, standard deviation, least, most, area (mm²), number of pixels. */
function ellipseValues(points: Points, pane: Pane): readonly number[] {
  const ellipse = ellipseOf(points);
  if (!ellipse) return [];
  const found = statisticsOf(valuesIn(pane.series.geometry, ellipse, pane.valueAtVoxel));
  if (!found) return [];
  const { mean, deviation, least, most, count } = found;
  return [mean, deviation, least, most, areaOf(ellipse), count];
}
