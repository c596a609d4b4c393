import type { MarkScale, Question } from "../api/types";
import { t } from "../i18n";

/** Digit keys give tens on a scale from 0 to 100, and 0 gives 100; of levels their numbers. */
const DIGITS = 10;

/** The rating that a digit key gives; null where the scale has none for it. */
export function ratingOf(key: string, levels = 0): number | null {
  if (!/^[0-9]$/.test(key)) return null;
  const digit = key === "0" ? DIGITS : Number(key);
  if (levels === 0) return digit * 10;
  return digit <= levels ? digit : null;
}

/** How far up its scale a rating lies, in per cent; 0 without one. */
export function percentOf(rating: number | null, scale: MarkScale): number {
  if (rating === null) return 0;
  const levels = scale.levels.length;
  return levels === 0 ? rating : (100 * rating) / levels;
}

/** A rating as its scale says it: a level with its words. */
export function ratingWords(rating: number, scale: MarkScale): string {
  const words = scale.levels[rating - 1];
  return words === undefined ? String(rating) : `${rating} ${words}`;
}

/** The words of a scale question's levels, the lowest first. */
export function levelsOf(question: Question): readonly string[] {
  return question.choices.map((choice) => choice.label);
}

/** The keys of a scale's levels as they are printed. */
export function levelKeys(levels: number): string {
  return levels < DIGITS ? `1 … ${levels}` : "1 … 9, 0";
}

/** What digit keys do on a scale, in a line. */
export function digitHelp(levels: number): string {
  return levels === 0 ? t("rating.help") : t("rating.help_levels", { keys: levelKeys(levels) });
}
