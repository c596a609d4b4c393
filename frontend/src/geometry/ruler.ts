const STEPS_MM = [1, 2, 5, 10, 20, 50, 100, 200];

/** A scale bar: a round length and how long it is on screen. */
export interface Ruler {
  length_mm: number;
  length_px: number;
}

/** The longest round scale bar that fits into `room_px` when one millimetre is `px_per_mm`. */
export function rulerFor(px_per_mm: number, room_px: number): Ruler {
  const fitting = STEPS_MM.filter((step) => step * px_per_mm <= room_px);
  const length_mm = fitting.at(-1) ?? 1;
  return { length_mm, length_px: length_mm * px_per_mm };
}
