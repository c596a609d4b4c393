import type { MarkMask } from "../api/types";
import type { Mark } from "./draft";

/** At what threshold a region was grown, for as long as it stands or can be gone back to. */
const grown = new WeakMap<MarkMask, number>();

export function noteThreshold(mask: MarkMask, percent: number): void {
  grown.set(mask, percent);
}

/** Of a mark as it is drawn; null where it was not grown from the picture, or before a reload. */
export function thresholdOf(mark: Pick<Mark, "mask">): number | null {
  return (mark.mask && grown.get(mark.mask)) ?? null;
}
