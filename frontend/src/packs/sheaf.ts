import type { PackFrame } from "./parser";

const WAIT_MS = 16; // a picture's time on the screen

/**
 * Binds frames that come one after the other into few messages: a case has hundreds of frames, and
 * each message takes the page a turn while it paints its first pictures.
 */
export class Sheaf {
  private frames: PackFrame[] = [];
  private waiting: ReturnType<typeof setTimeout> | undefined;
  private isBegun = false;

  constructor(private readonly send: (frames: readonly PackFrame[]) => void) {}

  /** Send what came, the first at once: it is the one that is shown. */
  readonly put = (frames: readonly PackFrame[]): void => {
    this.frames.push(...frames);
    if (!this.isBegun) this.flush();
    else this.waiting ??= setTimeout(() => this.flush(), WAIT_MS);
  };

  /** Send what waits, now. */
  flush(): void {
    clearTimeout(this.waiting);
    this.waiting = undefined;
    if (this.frames.length === 0) return;
    this.isBegun = true;
    const { frames } = this;
    this.frames = [];
    this.send(frames);
  }
}
