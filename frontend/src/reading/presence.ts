import type { Clock } from "./clock";

const SLEEP_MS = 5_000;
const POINTER_MS = 15_000;

type Record_ = (kind: string, payload?: Readonly<Record<string, unknown>>) => void;

/**
 * Tells idle spells and sleep from reading (faults C8, C9). Pure but for its clock: the page calls
 * `tick` about once a second and `input` for each thing the reader does.
 */
export class Presence {
  private lastInput_ms: number;
  private lastPointer_ms = -Infinity;
  private lastMono_ms: number;
  private lastWall_ms: number;
  private isIdle = false;

  constructor(
    private readonly clock: Clock,
    private readonly idleLimit_ms: number,
    private readonly record: Record_,
  ) {
    this.lastInput_ms = clock.mono_ms();
    this.lastMono_ms = clock.mono_ms();
    this.lastWall_ms = clock.wall_ms();
  }

  /** The reader did something. */
  input(): void {
    this.lastInput_ms = this.clock.mono_ms();
    if (!this.isIdle) return;
    this.isIdle = false;
    this.record("idle_end");
  }

  /** The pointer moved: a sign of presence that leaves no other event. */
  pointerMoved(): void {
    this.input();
    const now = this.clock.mono_ms();
    if (now - this.lastPointer_ms < POINTER_MS) return;
    this.lastPointer_ms = now;
    this.record("tool", { pointer: "moved" });
  }

  /** A second went by, or more when the machine slept. */
  tick(): void {
    const mono = this.clock.mono_ms();
    const wall = this.clock.wall_ms();
    const monoGap = mono - this.lastMono_ms;
    const wallGap = wall - this.lastWall_ms;
    this.lastMono_ms = mono;
    this.lastWall_ms = wall;
    if (wallGap - monoGap > SLEEP_MS) {
      this.record("suspended", { mono_gap_ms: Math.round(monoGap), wall_gap_ms: wallGap });
    }
    if (!this.isIdle && mono - this.lastInput_ms > this.idleLimit_ms) {
      this.isIdle = true;
      this.record("idle_start", { limit_ms: this.idleLimit_ms });
    }
  }
}
