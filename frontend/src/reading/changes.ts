import type { MarkMask, Vector } from "../api/types";
import { standing, type Change, type Draft, type Mark } from "./draft";

/** Where a mark is put. */
export interface Place {
  position_mm: Vector;
  series: string;
}

/** A mark that was taken over from the AI as it was. */
export type Accepted = Mark & { proposal: string };

export function isAccepted(draft: Draft, mark: Mark): mark is Accepted {
  return mark.proposal !== null && draft.decisions[mark.proposal] === "accepted";
}

/** To have a mark elsewhere; what was taken over unchanged becomes an edited proposal. */
export function moved(draft: Draft, mark_id: string, place: Place): Change | null {
  const mark = find(draft, mark_id);
  if (!mark) return null;
  if (isAccepted(draft, mark)) return edited(mark, place, mark.diameter_mm);
  return { kind: "mark_moved", payload: { mark_id, ...place } };
}

/** To have a mark of another size, to a tenth of a millimetre; null: of none. */
export function sized(draft: Draft, mark_id: string, diameter_mm: number | null): Change | null {
  const mark = find(draft, mark_id);
  if (!mark) return null;
  const rounded = diameter_mm === null ? null : Math.round(diameter_mm * 10) / 10;
  if (isAccepted(draft, mark)) return edited(mark, mark, rounded);
  return { kind: "mark_sized", payload: { mark_id, diameter_mm: rounded } };
}

/** How something was drawn that was grown from the picture. */
export interface How {
  /** At what part of the way from the surround to the brightest value. */
  threshold_percent?: number;
}

/** What was drawn of a lesion, and how long it is at most. */
export interface Drawn extends How {
  mask: MarkMask;
  diameter_mm: number;
}

/** To have a mark drawn; none where the mark is gone. */
export function drawn(draft: Draft, mark_id: string, drawing: Drawn): readonly Change[] {
  const mark = find(draft, mark_id);
  if (!mark) return [];
  const diameter_mm = Math.round(drawing.diameter_mm * 10) / 10;
  const change: Change = { kind: "mark_drawn", payload: { mark_id, ...drawing, diameter_mm } };
  return isAccepted(draft, mark) ? [edited(mark, mark, diameter_mm), change] : [change];
}

function edited(mark: Accepted, place: Place, diameter_mm: number | null): Change {
  const { proposal, mark_id, rating, number } = mark;
  const { position_mm, series } = place;
  const payload = { proposal, mark_id, position_mm, series, diameter_mm, rating, number };
  return { kind: "proposal_edited", payload };
}

function find(draft: Draft, mark_id: string): Mark | undefined {
  return standing(draft).find((mark) => mark.mark_id === mark_id);
}
