import { extentAt, type Extent } from "../geometry/extents";
import { maskOf } from "../geometry/painting";
import { t } from "../i18n";
import type { Pane } from "../viewer/contract";
import type { Drawn } from "./changes";
import type { Mark } from "./draft";
import type { Room } from "./room";
import { kept } from "./painting";
import { THRESHOLDS } from "./thresholds";

/** Draw the selected mark from the picture; the reader may change it with the brush. */
export function drawFromImage(room: Room): void {
  const open = room.state.openCase.value;
  const mark = open?.mark(open.selectedMark.value);
  const pane = mark && paneOf(room, mark.series);
  if (!open || !mark || !pane) return;
  const found = grow(pane, mark, THRESHOLDS.usual);
  room.record("tool", { size_from_image: mark.mark_id, volume_mm3: found?.volume_mm3 ?? null });
  room.state.notice.value = found ? null : t("marks.no_extent", { number: mark.number });
  const made = found && drawnAs(pane, found, THRESHOLDS.usual);
  if (made) open.drawMask(mark.mark_id, made.mask, made.diameter_mm, { threshold_percent: THRESHOLDS.usual });
}

/** Draw it at another threshold; where the region runs on too far there it stays as it is. */
export function setThreshold(room: Room, mark_id: string, percent: number): void {
  const { openCase, notice } = room.state;
  const { least, most } = THRESHOLDS;
  const mark = openCase.value?.mark(mark_id);
  if (!mark?.mask || percent < least || percent > most || percent === mark.threshold_percent) return;
  const pane = paneOf(room, mark.mask.series);
  if (pane?.series.id !== mark.mask.series) {
    notice.value = t("segment.elsewhere");
    return;
  }
  const found = grow(pane, mark, percent);
  notice.value = found ? null : t("marks.runs_on", { number: mark.number, percent });
  const made = found && drawnAs(pane, found, percent);
  if (made) openCase.value?.stepDrawn(mark.mark_id, made);
}

function grow(pane: Pane, mark: Mark, percent: number): Extent | null {
  return extentAt(pane.series.geometry, mark.position_mm, pane.valueAtVoxel, percent / 100);
}

function drawnAs({ series }: Pane, { voxels }: Extent, percent: number): Drawn | null {
  const mask = maskOf(voxels);
  if (!mask) return null;
  return { ...kept(series.id, series.geometry, mask), threshold_percent: percent };
}

/** A pane that shows a series, else the first of the current examination. */
function paneOf({ state }: Room, series: string): Pane | undefined {
  const viewing = state.viewing.value;
  const panes = viewing?.stage.panes.filter((each) => !viewing.comparison.isPrior(each.series)) ?? [];
  return panes.find((each) => each.series.id === series) ?? panes[0];
}
