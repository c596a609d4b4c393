import { signal } from "@preact/signals";

import type { Prior, Series, Vector } from "../api/types";
import { add, scale, subtract } from "../geometry/vectors";
import type { Shape } from "../viewer/scene";
import type { Viewing } from "./viewing";

/** How a pane of the prior examination moves with the current ones. */
export type PriorTie = "shared" | "here" | "none";

const NOWHERE: Vector = [0, 0, 0];

/**
 * The prior examination of the open case, and how its coordinates lie to the current one's: the
 * same where both name one frame of reference, else (also where neither names any) a shift that the
 * reader sets. No registration is made: a rigid shift is what it says, and is right near the place
 * where it was set.
 */
export class Comparison {
  readonly prior = signal<Prior | null>(null);
  /** What to add to a point of the current examination (mm); null: the reader has set none. */
  readonly shift = signal<Vector | null>(null);
  private frames = new Set<string>();

  /** @param kept The shift that the reader had set in this case before the page was loaded again. */
  open(current: readonly Series[], prior: Prior | null, kept: Vector | null = null): void {
    this.prior.value = prior;
    this.shift.value = prior && kept;
    const named = current.map((each) => each.geometry.frame_of_reference).filter((uid) => uid !== "");
    this.frames = new Set(named);
  }

  /** What an effect calls to run again when the prior is linked otherwise. */
  track(): Vector | null {
    return this.shift.value;
  }

  get series(): readonly Series[] {
    return this.prior.value?.series ?? [];
  }

  isPrior(series: Series | string | undefined): boolean {
    const id = typeof series === "string" ? series : series?.id;
    return this.series.some((each) => each.id === id);
  }

  tieOf(series: Series): PriorTie {
    if (this.frames.has(series.geometry.frame_of_reference)) return "shared";
    return this.shift.value ? "here" : "none";
  }

  /** What to add to a point of the current examination to have it in a series'; null: unknown. */
  readonly fromCurrent = (series: Series): Vector | null => {
    if (!this.isPrior(series) || this.tieOf(series) === "shared") return NOWHERE;
    return this.shift.value;
  };

  /** A point of a series in the coordinates of the current examination; null: unknown. */
  toCurrent(series: Series, point: Vector): Vector | null {
    const by = this.fromCurrent(series);
    return by && subtract(point, by);
  }

  /** What to add to a point of one series to have it in the other's coordinates; null: unknown. */
  readonly between = (from: Series, to: Series): Vector | null => {
    if (from.id === to.id || isOneFrame(from, to)) return NOWHERE;
    if (this.isPrior(from) === this.isPrior(to)) return null;
    const by = this.shift.value;
    return by && (this.isPrior(to) ? by : scale(by, -1));
  };

  /**
   * What of a scene shows over a series, in its coordinates. Over the prior that is the reader's
   * own marks and the crosshair, for comparison, and what was measured there; proposals and the
   * reference standard are of the current examination only.
   */
  shapesOver(series: Series, shapes: readonly Shape[]): readonly Shape[] {
    if (!this.isPrior(series)) {
      return shapes.filter((each) => each.kind !== "measure" || !this.isPrior(each.series));
    }
    const by = this.fromCurrent(series);
    return shapes.flatMap((each): readonly Shape[] => {
      if (each.kind === "measure") return this.isPrior(each.series) ? [each] : [];
      return by && (each.kind === "mark" || each.kind === "cross") ? [moved(each, by)] : [];
    });
  }
}

/** Whether two series name one frame of reference; that neither names one says nothing. */
function isOneFrame({ geometry: a }: Series, { geometry: b }: Series): boolean {
  return a.frame_of_reference !== "" && a.frame_of_reference === b.frame_of_reference;
}

function moved<Any extends Extract<Shape, { kind: "mark" | "cross" }>>(shape: Any, by: Vector): Any {
  const centred = { ...shape, centre_mm: add(shape.centre_mm, by) };
  if (shape.kind === "cross") return centred;
  const contours_mm = shape.contours_mm.map((each) => each.map((point) => add(point, by)));
  return { ...centred, contours_mm };
}

/** Show in the active pane the other examination's series of the same role. */
export async function turnExamination(viewing: Viewing): Promise<void> {
  const { comparison } = viewing;
  const here = viewing.hung.value[viewing.active.value]?.series;
  const others = comparison.isPrior(here) ? viewing.series : comparison.series;
  const there = others.find((each) => each.role === here?.role) ?? others[0];
  if (there) await viewing.showSeries(there);
}

/** Take what both examinations show in the middle of their panes for one place, or no longer. */
export function linkPrior(viewing: Viewing): void {
  const { comparison, stage } = viewing;
  const order = [viewing.active.value, ...stage.panes.keys()];
  const middleOf = (isPrior: boolean): Vector | undefined => {
    const pane = order.find((at) => comparison.isPrior(stage.panes[at]?.series) === isPrior);
    return pane === undefined ? undefined : stage.panes[pane]?.toPatient(viewing.seats.middleOf(pane));
  };
  const [here, there] = [middleOf(false), middleOf(true)];
  if (!here || !there || stage.panes.length < 2) return;
  comparison.shift.value = comparison.shift.value ? null : subtract(there, here);
  viewing.host.keepLink(comparison.shift.value);
  viewing.host.log("link", { prior_shift_mm: comparison.shift.value });
}
