import type { MarkMask } from "../api/types";
import type { Placed } from "../geometry/frames";
import { read, type Mask } from "../geometry/masks";
import { dabbed, measured, written } from "../geometry/painting";
import type { Pane, ScreenPoint } from "../viewer/contract";
import type { Mark } from "./draft";
import type { Segmenting } from "./segmenting";

/** One dab of the brush on a mark: a place in a pane, and whether it takes away. */
export interface Dabbing {
  mark: Mark;
  pane: Pane;
  at: ScreenPoint;
  isErasing: boolean;
}

/**
 * One dab of the brush: paints or erases the voxels of a mark, in any plane.
 *
 * @returns false where the mark was drawn on another series: one lesion, one grid.
 */
export function dab({ drawing, brush_mm }: Segmenting, { mark, pane, at, isErasing }: Dabbing): boolean {
  const { series } = pane;
  if (mark.mask && mark.mask.series !== series.id) return false;
  const { value } = drawing;
  const before = value?.mark === mark.mark_id ? value.mask : mark.mask && read(mark.mask.voxels);
  const { plane } = pane.view();
  const under = { centre: pane.toPatient(at), radius_mm: brush_mm.value, plane, isErasing };
  const mask = dabbed(series.geometry, before ?? null, under);
  drawing.value = { mark: mark.mark_id, series: series.id, mask };
  return true;
}

/** A mask and its longest diameter as they are kept with a mark. */
export function kept(series: string, placed: Placed, mask: Mask): { mask: MarkMask; diameter_mm: number } {
  return { mask: { series, voxels: written(mask) }, diameter_mm: measured(placed, mask).diameter_mm };
}
