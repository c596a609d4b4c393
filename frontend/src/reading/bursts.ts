/** What a burst of small movements amounts to: added up until it is told. */
export type Gesture = "scroll" | "window" | "zoom" | "pan";

const QUIET_MS = 250;
const LONGEST_MS = 1_000;

interface Burst {
  payload: Record<string, unknown>;
  steps: number;
  began_ms: number;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * Turns a stream of scrolls, zooms and drags into one event for each burst: told after a quarter
 * of a second of quiet, or every second while it lasts.
 */
export class Bursts {
  private readonly open = new Map<Gesture, Burst>();

  constructor(
    private readonly tell: (kind: Gesture, payload: Record<string, unknown>) => void,
    /** Tell what else is under way: the draft's own steps. */
    private readonly settle: () => void = () => undefined,
  ) {}

  /** @param payload Where the movement has led to; the last one of a burst is told. */
  add(kind: Gesture, payload: Record<string, unknown>): void {
    const before = this.open.get(kind);
    if (before) clearTimeout(before.timer);
    const began_ms = before?.began_ms ?? performance.now();
    if (before && performance.now() - began_ms > LONGEST_MS) {
      this.end(kind, { ...before, payload, steps: before.steps + 1 });
      return;
    }
    const burst: Burst = {
      payload,
      steps: (before?.steps ?? 0) + 1,
      began_ms,
      timer: setTimeout(() => this.end(kind, burst), QUIET_MS),
    };
    this.open.set(kind, burst);
  }

  /** Tell what is still open. */
  flush(): void {
    this.settle();
    for (const [kind, burst] of [...this.open]) this.end(kind, burst);
  }

  private end(kind: Gesture, burst: Burst): void {
    clearTimeout(burst.timer);
    this.open.delete(kind);
    this.tell(kind, { ...burst.payload, steps: burst.steps });
  }
}
