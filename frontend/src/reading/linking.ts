import type { Series, Vector } from "../api/types";
import { normalOf } from "../geometry/frames";
import { add, distance, dot } from "../geometry/vectors";
import type { Pane, ScreenPoint } from "../viewer/contract";

/**
 * How panes move together: by the patient's coordinates, so only where one series' coordinates
 * are known in the other's: within one frame of reference, or by the shift that the reader set.
 */

const ALIKE = Math.cos(Math.PI / 6); // planes within 30 degrees of each other

/** What to add to a point of one series to have it in another's coordinates; null: unknown. */
export type Between = (from: Series, to: Series) => Vector | null;

/** Enlarge panes by a factor about the point of the patient that lies at a place in one of them. */
export function zoomTogether(
  panes: readonly Pane[],
  source: Pane,
  factor: number,
  about: ScreenPoint | null,
  between: Between,
): void {
  const point = about && source.toPatient(about);
  for (const pane of panes) {
    if (pane === source) {
      pane.zoomBy(factor, about);
      continue;
    }
    const by = between(source.series, pane.series);
    pane.zoomBy(factor, point && by ? pane.toScreen(add(point, by)) : null);
  }
}

/** Move one pane's picture over the screen and the others' as far in the patient. */
export function panTogether(
  panes: readonly Pane[],
  source: Pane,
  [dx_px, dy_px]: ScreenPoint,
  between: Between,
): void {
  const before = source.toPatient([0, 0]);
  source.panBy(dx_px, dy_px);
  const after = source.toPatient([0, 0]);
  for (const pane of panes) {
    const by = between(source.series, pane.series);
    if (pane === source || !by || distance(before, after) === 0) continue;
    const [x, y] = pane.toScreen(add(before, by));
    const [u, v] = pane.toScreen(add(after, by));
    pane.panBy(x - u, y - v);
  }
}

/**
 * Show in the other panes the slice where one pane is, where they cut alike: across it there is no
 * such slice, and a pane stays where the reader left it.
 */
export function alignTogether(panes: readonly Pane[], source: Pane, between: Between): void {
  const { point } = source.view().plane;
  const normal = normalOfPane(source);
  for (const pane of panes) {
    const by = between(source.series, pane.series);
    if (pane === source || !by) continue;
    if (Math.abs(dot(normal, normalOfPane(pane))) >= ALIKE) pane.goToPoint(add(point, by));
  }
}

/** Also of a pane whose first picture has not come yet. */
function normalOfPane(pane: Pane): Vector {
  return pane.cut === "acquired" ? normalOf(pane.series.geometry) : pane.view().plane.normal;
}
