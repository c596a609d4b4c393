import { distance } from "../geometry/vectors";
import type { Pane, ScreenPoint } from "../viewer/contract";

/** How panes move together: by the patient's coordinates, so only within one frame of reference. */

/** Whether two panes show the same patient in the same coordinates. */
export function isTogether(a: Pane, b: Pane): boolean {
  return a.series.geometry.frame_of_reference === b.series.geometry.frame_of_reference;
}

/** Enlarge panes by a factor about the point of the patient that lies at a place in one of them. */
export function zoomTogether(
  panes: readonly Pane[],
  source: Pane,
  factor: number,
  about: ScreenPoint | null,
): void {
  const point = about && source.toPatient(about);
  for (const pane of panes) {
    if (pane === source) pane.zoomBy(factor, about);
    else pane.zoomBy(factor, point && isTogether(pane, source) ? pane.toScreen(point) : null);
  }
}

/** Move one pane's picture over the screen and the others' as far in the patient. */
export function panTogether(panes: readonly Pane[], source: Pane, dx_px: number, dy_px: number): void {
  const before = source.toPatient([0, 0]);
  source.panBy(dx_px, dy_px);
  const after = source.toPatient([0, 0]);
  for (const pane of panes) {
    if (pane === source || !isTogether(pane, source) || distance(before, after) === 0) continue;
    const [x, y] = pane.toScreen(before);
    const [u, v] = pane.toScreen(after);
    pane.panBy(x - u, y - v);
  }
}

/** Show in the other panes the slice where one pane is. */
export function alignTogether(panes: readonly Pane[], source: Pane): void {
  const { point } = source.view().plane;
  for (const pane of panes) {
    if (pane !== source && isTogether(pane, source)) pane.goToPoint(point);
  }
}
