import { signal } from "@preact/signals";

import type { MarkMask } from "../api/types";
import { outlinesOf, read, type Mask, type Outline } from "../geometry/masks";
import type { Placed } from "../geometry/frames";

/** Radii of the brush, millimetres. */
export const BRUSHES_MM = [1, 2, 4, 8] as const;

/** What is being drawn of a mark, before the pointer lets go. */
export interface Drawing {
  mark: string;
  series: string;
  /** Null: all of it is erased. */
  mask: Mask | null;
}

/** The brush in hand, and what it has drawn so far (`painting.ts` does it). */
export class Segmenting {
  readonly brush_mm = signal<number>(2);
  readonly drawing = signal<Drawing | null>(null);

  /** What was drawn, now that the pointer lets go; null for nothing. */
  finish(): Drawing | null {
    const { value } = this.drawing;
    this.drawing.value = null;
    return value;
  }
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
