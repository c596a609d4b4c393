import type { Types } from "@cornerstonejs/core";

import type { Vector } from "../api/types";
import { add, cross, scale, subtract } from "../geometry/vectors";
import type { Pane, ScreenPoint } from "./contract";

/** What of a viewport has to do with where one looks. */
export type Lens = Pick<
  Types.IViewport,
  "getCamera" | "setCamera" | "canvasToWorld" | "element"
>;

/** A pane's axes in the patient: to the right and down on screen, and away from the viewer. */
export interface Axes {
  right: Vector;
  down: Vector;
  away: Vector;
}

/** @param camera The viewport's, where it is at hand: asking for it is a good part of the work. */
export function axesOf(viewport: Lens, camera = viewport.getCamera()): Axes {
  const { viewUp = [0, -1, 0], viewPlaneNormal = [0, 0, -1] } = camera;
  return {
    right: cross(viewUp, viewPlaneNormal),
    down: scale(viewUp, -1),
    away: scale(viewPlaneNormal, -1),
  };
}

/** The point in the middle of the pane, in the plane that is shown. */
export function focalPointOf(viewport: Lens): Vector {
  return viewport.getCamera().focalPoint ?? [0, 0, 0];
}

export function pxPerMm(viewport: Lens, { parallelScale = 1 } = viewport.getCamera()): number {
  return viewport.element.clientHeight / (2 * parallelScale);
}

/** Move the camera and what it looks at, millimetres in the patient. */
export function shift(viewport: Lens, by: Vector): void {
  const { focalPoint = [0, 0, 0], position = [0, 0, 0] } = viewport.getCamera();
  viewport.setCamera({
    focalPoint: [...add(focalPoint, by)],
    position: [...add(position, by)],
  });
}

/** Enlarge by a factor about a place that stays where it is. */
export function zoom(viewport: Lens, factor: number, about: ScreenPoint | null): void {
  const before = about ? viewport.canvasToWorld([...about]) : null;
  const { parallelScale = 1 } = viewport.getCamera();
  viewport.setCamera({ parallelScale: parallelScale / factor });
  if (about && before) shift(viewport, subtract(before, viewport.canvasToWorld([...about])));
}

/** Move the picture over the screen, CSS pixels. */
export function pan(viewport: Lens, dx_px: number, dy_px: number): void {
  const mm = 1 / pxPerMm(viewport);
  const { right, down } = axesOf(viewport);
  shift(viewport, add(scale(right, -dx_px * mm), scale(down, -dy_px * mm)));
}

/** Where a point of the patient stands on a pane, CSS pixels from its corner. */
export type ToScreen = (point: Vector) => ScreenPoint;

const APART_MM = 100; // of the points that the map is made of: its rounding is then below a nanometre

/**
 * A pane's `toScreen` for many points: its pictures are drawn without perspective, so that four
 * points tell where all others stand. Good until the camera moves.
 */
export function screenOf(pane: Pick<Pane, "toScreen">): ToScreen {
  const origin = pane.toScreen([0, 0, 0]);
  const along = (axis: Vector): ScreenPoint => {
    const [x, y] = pane.toScreen(scale(axis, APART_MM));
    return [(x - origin[0]) / APART_MM, (y - origin[1]) / APART_MM];
  };
  const [i, j, k] = [along([1, 0, 0]), along([0, 1, 0]), along([0, 0, 1])];
  return ([x, y, z]) => [
    origin[0] + x * i[0] + y * j[0] + z * k[0],
    origin[1] + x * i[1] + y * j[1] + z * k[1],
  ];
}
