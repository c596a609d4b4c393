import type { Cut } from "../viewer/contract";
import type { Viewing } from "./viewing";

/** What the active pane shows as something is done: told with every deed. */
export interface View {
  /** Its place in the layout, from 0. */
  pane: number;
  series: string;
  /** From 0, as in `scroll`. */
  slice: number;
  /** Only of a plane that is rebuilt: the slice is one of that plane's. */
  cut?: Exclude<Cut, "acquired">;
}

/** As a member of an event; nothing where no pane shows a picture yet. */
export function viewIn(viewing: Viewing | null): { view?: View } {
  const pane = viewing?.active.peek() ?? 0;
  const shown = viewing?.at(pane)?.view();
  if (!shown || !Number.isInteger(shown.slice) || shown.slice < 0) return {};
  const { series, slice, cut } = shown;
  const view = { pane, series: series.id, slice };
  return { view: cut === "acquired" ? view : { ...view, cut } };
}
