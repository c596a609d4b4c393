import { signal } from "@preact/signals";

import type { Viewing } from "./viewing";

const SLICES_A_SECOND = 12;

/** Runs through the slices of the active pane, back and forth, never faster than they paint. */
export class Cine {
  readonly isRunning = signal(false);
  private timer: ReturnType<typeof setInterval> | undefined;
  private step = 1;
  private isPainting = false;

  constructor(private readonly viewing: Viewing) {}

  toggle(): void {
    if (this.isRunning.value) this.stop();
    else this.start();
  }

  stop(): void {
    if (!this.isRunning.peek()) return;
    clearInterval(this.timer);
    this.isRunning.value = false;
    this.viewing.host.log("tool", { cine: false });
  }

  /** The picture that was asked for is on the screen. */
  painted(pane: number): void {
    if (pane === this.viewing.active.peek()) this.isPainting = false;
  }

  private start(): void {
    this.isRunning.value = true;
    this.isPainting = false;
    this.viewing.host.log("tool", { cine: true, slices_a_second: SLICES_A_SECOND });
    this.timer = setInterval(() => this.tick(), 1000 / SLICES_A_SECOND);
  }

  private tick(): void {
    const view = this.viewing.pane?.view();
    if (!view || view.slices < 2 || this.isPainting) return;
    const next = view.slice + this.step;
    if (next < 0 || next >= view.slices) this.step = -this.step;
    this.isPainting = true;
    this.viewing.turnTo(this.viewing.active.value, view.slice + this.step);
  }
}
