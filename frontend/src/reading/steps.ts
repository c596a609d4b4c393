import type { Change, Draft } from "./draft";
import type { View } from "./where";

const REST_MS = 400;
const LONGEST_MS = 2_000; // of steps without a rest; R7 lets five seconds be lost

/** A deed that keys do step by step: what it is, from where it began, what it has come to. */
interface Going {
  name: string;
  base: Draft;
  changes: readonly Change[];
  where: { view?: View };
  since_ms: number;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * Small steps in a row (a mark moved or sized by keys) are one deed: the draft has each at once,
 * the log has the last, once the keys rest or something else is done.
 */
export class Steps {
  private going: Going | null = null;

  constructor(private readonly rest: () => void) {}

  /** The draft that a deed began from; null when it does not go on. */
  baseOf(name: string): Draft | null {
    return this.going?.name === name ? this.going.base : null;
  }

  go(step: Omit<Going, "timer" | "since_ms">): void {
    if (this.going) clearTimeout(this.going.timer);
    const since_ms = this.going?.since_ms ?? performance.now();
    const left_ms = Math.max(since_ms + LONGEST_MS - performance.now(), 0);
    this.going = { ...step, since_ms, timer: setTimeout(this.rest, Math.min(REST_MS, left_ms)) };
  }

  /** What the deed has come to; it does not go on. */
  end(): Pick<Going, "changes" | "where"> | null {
    const { going } = this;
    if (going) clearTimeout(going.timer);
    this.going = null;
    return going;
  }
}

const PIECES_MS = 10_000;

/** What was typed last, as it goes on: into the same field, soon, with nothing else done since. */
export class Typed {
  private last: { key: string; draft: Draft; at_ms: number } | null = null;

  goesOn(key: string, draft: Draft): boolean {
    const { last } = this;
    return last?.key === key && last.draft === draft && performance.now() - last.at_ms < PIECES_MS;
  }

  kept(key: string, draft: Draft): void {
    this.last = { key, draft, at_ms: performance.now() };
  }
}
