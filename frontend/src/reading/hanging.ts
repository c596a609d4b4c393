import type { Hanging, Role, Series } from "../api/types";
import type { Cut } from "../viewer/contract";

/** Layouts, as data: how many panes, and which of them is large. */
export const LAYOUTS = {
  one: { panes: 1, hasLarge: false },
  two: { panes: 2, hasLarge: false },
  four: { panes: 4, hasLarge: false },
  main: { panes: 4, hasLarge: true },
  planes: { panes: 3, hasLarge: true },
} as const;

export type LayoutName = keyof typeof LAYOUTS;

/** Series hang by their role, the one that shows metastases best first. */
const ORDER: readonly Role[] = ["t1c", "flair", "t2", "t1", "ct", "other"];
const CUTS: readonly Cut[] = ["axial", "sagittal", "coronal"];

/** What hangs in a pane. */
export interface Hung {
  series: Series;
  cut: Cut;
}

/** How images hang where the protocol says nothing. */
export const USUAL: Hanging = {
  layout: "auto",
  roles: ORDER,
  window: "auto",
  linked: ["position", "zoom", "pan"],
};

/** By the roles' order; those that it does not name follow in the usual one. */
export function inHangingOrder(
  series: readonly Series[],
  roles: readonly Role[] = ORDER,
): readonly Series[] {
  const order = [...roles, ...ORDER.filter((role) => !roles.includes(role))];
  return [...series].sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role));
}

/** The centre and width that a series opens with. */
export function firstWindow({ geometry }: Series, name: string): readonly [number, number] {
  return geometry.presets[name] ?? geometry.window;
}

/** The layout that a case opens in. */
export function firstLayout(
  series: readonly Series[],
  wanted: Hanging["layout"] = "auto",
): LayoutName {
  if (wanted !== "auto") return wanted;
  if (series.length === 1) return "one";
  return series.length === 2 ? "two" : "main";
}

/** What hangs where; `first` is the series of the first pane, the others follow in order. */
export function hang(
  layout: LayoutName,
  series: readonly Series[],
  first: Series | undefined,
  roles: readonly Role[] = ORDER,
): readonly Hung[] {
  const ordered = inHangingOrder(series, roles);
  const lead = first ?? ordered[0];
  if (!lead) return [];
  if (layout === "planes") return CUTS.map((cut) => ({ series: lead, cut }));
  const others = ordered.filter((each) => each.id !== lead.id);
  return [lead, ...others]
    .slice(0, LAYOUTS[layout].panes)
    .map((each) => ({ series: each, cut: "acquired" }));
}
