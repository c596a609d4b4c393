import type { Hanging, Packet, Pair, Role, Series } from "../api/types";
import type { Cut } from "../viewer/contract";

/** Layouts, as data: how many panes, and which of them is large. */
export const LAYOUTS = {
  one: { panes: 1, hasLarge: false },
  two: { panes: 2, hasLarge: false },
  four: { panes: 4, hasLarge: false },
  main: { panes: 4, hasLarge: true },
  planes: { panes: 3, hasLarge: true },
  prior: { panes: 2, hasLarge: false },
  prior_four: { panes: 4, hasLarge: false },
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
  questions: "below",
};

/** By the roles' order; those that it does not name follow in the usual one. */
export function inHangingOrder(
  series: readonly Series[],
  roles: readonly Role[] = ORDER,
): readonly Series[] {
  const order = [...roles, ...ORDER.filter((role) => !roles.includes(role))];
  return [...series].sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role));
}

/** The series whose place proposals have, whatever hangs first: T1c, or CT of a case without. */
export function proposedOn(series: readonly Series[]): Series | undefined {
  const of = (role: Role): Series | undefined => series.find((each) => each.role === role);
  return of("t1c") ?? of("ct") ?? series[0];
}

/** Every series of a case in hanging order, those of its prior last. */
export function allOf({ series, prior, hanging }: Packet): readonly Series[] {
  const { roles } = hanging;
  return [...inHangingOrder(series, roles), ...inHangingOrder(prior?.series ?? [], roles)];
}

/** The series of one case that another does not have. */
export function gone(before: readonly Series[], now: readonly Series[]): readonly Series[] {
  return before.filter((each) => !now.some((other) => other.id === each.id));
}

/** The centre and width that a series opens with; "auto" is what the platform gives it. */
export function firstWindow({ geometry }: Series, name: string): readonly [number, number] {
  return name === "auto" ? geometry.window : (geometry.presets[name] ?? geometry.window);
}

const WINDOWS: readonly string[] = ["brain", "subdural", "bone", "bright", "narrow", "wide", "auto"];

/**
 * A series' windows with their names: first what it opens with under "auto", which is by percentiles
 * (null), or of CT the brain's.
 */
export function windowsOf({ geometry }: Series): readonly (readonly [string | null, Pair])[] {
  const isFirst = ([, window]: readonly [string, Pair]): boolean => same(window, geometry.window);
  const named = Object.entries(geometry.presets);
  const first = named.find(isFirst)?.[0] ?? "auto";
  const place = ([name]: readonly [string, Pair]): number => WINDOWS.indexOf(name);
  // A database may keep names in another order; "auto" comes last.
  const rest = named.filter(([name]) => name !== first).sort((a, b) => place(a) - place(b));
  return [[first, geometry.window] as const, ...rest].map(([name, window]) => [
    name === "auto" ? null : name,
    window,
  ]);
}

function same(one: Pair, other: Pair): boolean {
  return one[0] === other[0] && one[1] === other[1];
}

/** Whether a layout shows current and prior examination side by side. */
export function isOfPrior(layout: Hanging["layout"]): boolean {
  return layout === "prior" || layout === "prior_four";
}

/** The layout that a case opens in. */
export function firstLayout(
  series: readonly Series[],
  wanted: Hanging["layout"] = "auto",
  hasPrior = false,
): LayoutName {
  if (wanted !== "auto" && (hasPrior || !isOfPrior(wanted))) return wanted;
  if (hasPrior) return "prior";
  if (series.length === 1) return "one";
  return series.length === 2 ? "two" : "main";
}

/** What hangs where; `first` is the series of the first pane, the others follow in order. */
export function hang(
  layout: LayoutName,
  series: readonly Series[],
  first: Series | undefined,
  roles: readonly Role[] = ORDER,
  prior: readonly Series[] = [],
): readonly Hung[] {
  const ordered = inHangingOrder(series, roles);
  if (isOfPrior(layout)) {
    const wanted = ordered.find((each) => each.role === first?.role) ?? ordered[0];
    return sideBySide(ordered, wanted, inHangingOrder(prior, roles), LAYOUTS[layout].panes / 2);
  }
  const lead = first ?? ordered[0];
  if (!lead) return [];
  if (layout === "planes") return CUTS.map((cut) => ({ series: lead, cut }));
  const others = ordered.filter((each) => each.id !== lead.id);
  return [lead, ...others]
    .slice(0, LAYOUTS[layout].panes)
    .map((each) => ({ series: each, cut: "acquired" }));
}

/** Pairs of a series and the prior's series of its role, the lead's first; each pair is a row. */
function sideBySide(
  ordered: readonly Series[],
  lead: Series | undefined,
  prior: readonly Series[],
  rows: number,
): readonly Hung[] {
  if (!lead) return [];
  const pairs = [lead, ...ordered.filter((each) => each.id !== lead.id)].flatMap((each) => {
    const before = prior.find(({ role }) => role === each.role);
    return before ? [[each, before]] : [];
  });
  // Two examinations without one role in common: what each shows best.
  const shown = pairs.length > 0 ? pairs : [[lead, ...prior.slice(0, 1)]];
  return shown.slice(0, rows).flat().map((series) => ({ series, cut: "acquired" }));
}
