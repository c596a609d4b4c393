import type { Hanging, Series } from "../api/types";
import type { Pane, PaneView } from "../viewer/contract";
import { firstWindow } from "./hanging";

/** The windows that a reader chose for the series of a case: they follow into every layout and plane. */
export class ChosenWindows {
  private readonly kept = new Map<string, Pick<PaneView, "window" | "isInverted">>();

  /** Another case opens as its protocol says. */
  clear(): void {
    this.kept.clear();
  }

  /**
   * Have panes that show the same series again begin as if they were made now: a case's second half
   * opens as its first did, and so does a case that was taken over from another window.
   */
  begin(panes: readonly Pane[], window: Hanging["window"]): void {
    for (const pane of panes) {
      const isInverted = pane.series.geometry.photometric === "MONOCHROME1";
      pane.setSlab(0);
      pane.setWindow(...this.of(pane.series, window));
      if (pane.view().isInverted !== isInverted) pane.setInverted(isInverted);
      pane.fit();
      pane.goTo(Math.floor((pane.view().slices - 1) / 2));
    }
  }

  keep({ series, window, isInverted }: PaneView): void {
    this.kept.set(series.id, { window, isInverted });
  }

  /** Centre and width for a pane that is made now. */
  of(series: Series, window: Hanging["window"]): readonly [number, number] {
    return this.kept.get(series.id)?.window ?? firstWindow(series, window);
  }

  /** Invert the panes whose series the reader had inverted, or had not. */
  invert(panes: readonly Pane[]): void {
    for (const pane of panes) {
      const kept = this.kept.get(pane.series.id);
      if (kept && kept.isInverted !== pane.view().isInverted) pane.setInverted(kept.isInverted);
    }
  }
}
