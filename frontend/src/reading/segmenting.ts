import { signal } from "@preact/signals";

import type { MarkMask } from "../api/types";
import { dabbed, measured, outlinesOf, read, written, type Mask, type Outline } from "../geometry/masks";
import type { Placed } from "../geometry/frames";
import type { Pane, ScreenPoint } from "../viewer/contract";
import type { Mark } from "./draft";

/** Radii of the brush, millimetres. */
export const BRUSHES_MM = [1, 2, 4, 8] as const;

/** What is being drawn of a mark, before the pointer lets go. */
export interface Drawing {
  mark: string;
  series: string;
  /** Null: all of it is erased. */
  mask: Mask | null;
}

/** The brush: paints and erases the voxels of the selected mark, in any plane. */
export class Segmenting {
  readonly brush_mm = signal<number>(2);
  readonly drawing = signal<Drawing | null>(null);

  /**
   * One dab of the brush.
   *
   * @returns false where the mark was drawn on another series: one lesion, one grid.
   */
  dab(mark: Mark, pane: Pane, at: ScreenPoint, isErasing: boolean): boolean {
    const { series } = pane;
    if (mark.mask && mark.mask.series !== series.id) return false;
    const { value } = this.drawing;
    const before = value?.mark === mark.mark_id ? value.mask : mark.mask && read(mark.mask.voxels);
    const { plane } = pane.view();
    const dab = { centre: pane.toPatient(at), radius_mm: this.brush_mm.value, plane, isErasing };
    const mask = dabbed(series.geometry, before ?? null, dab);
    this.drawing.value = { mark: mark.mark_id, series: series.id, mask };
    return true;
  }

  /** What was drawn, now that the pointer lets go; null for nothing. */
  finish(): Drawing | null {
    const { value } = this.drawing;
    this.drawing.value = null;
    return value;
  }
}

/** A mask and its longest diameter as they are kept with a mark. */
export function kept(series: string, placed: Placed, mask: Mask): { mask: MarkMask; diameter_mm: number } {
  return { mask: { series, voxels: written(mask) }, diameter_mm: measured(placed, mask).diameter_mm };
}

const known = new WeakMap<MarkMask, readonly Outline[]>();

/** The outlines of a mark's mask; each is made once. */
export function outlinesFor(mask: MarkMask, placed: Placed | undefined): readonly Outline[] {
  const found = known.get(mask);
  if (found) return found;
  const bits = read(mask.voxels);
  const made = bits && placed ? outlinesOf(placed, bits) : [];
  known.set(mask, made);
  return made;
}
