import type { Vector } from "../api/types";

const KEY = "readerstudy.prior-link";

/** The shift (mm) by which the reader linked a read's prior, as this browser keeps it. */
export function keptLink(read: string): Vector | null {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "null");
    if (!isKept(kept) || kept.read !== read) return null;
    return kept.shift_mm;
  } catch {
    return null; // no storage, or not ours: the reader links it once more
  }
}

/** Keep it for a reload; of the last read only, so that nothing gathers. Null: it is linked no more. */
export function keepLink(read: string, shift_mm: Vector | null): void {
  try {
    if (shift_mm) localStorage.setItem(KEY, JSON.stringify({ read, shift_mm }));
    else localStorage.removeItem(KEY);
  } catch {
    // No storage: the link lasts as long as the page.
  }
}

function isKept(value: unknown): value is { read: string; shift_mm: Vector } {
  if (typeof value !== "object" || value === null || !("read" in value) || !("shift_mm" in value)) return false;
  const { shift_mm } = value;
  return Array.isArray(shift_mm) && shift_mm.length === 3 && shift_mm.every(Number.isFinite);
}
