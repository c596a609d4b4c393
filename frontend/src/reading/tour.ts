import { signal } from "@preact/signals";

import { setUp } from "./own-keys";
import type { Room } from "./room";

/** What the tour points at, in order; `proposals` only where there are some. */
export const STOPS = ["pictures", "marks", "proposals", "answers", "keys"] as const;
export type Stop = (typeof STOPS)[number];

/**
 * The tour of the room on a reader's first use. The case's clock stands still meanwhile: it is
 * told as a pause, so that no reading time is spent on it.
 */
export class Tour {
  /** The stop that is shown; null: no tour. */
  readonly stop = signal<Stop | null>(null);

  constructor(private readonly room: Room) {}

  /** Begin, if this reader has not taken it, and nothing else is going on. */
  offer(): void {
    const { me, openCase, isOnBreak } = this.room.state;
    const isSeen = me.peek()?.reading_room.tour_seen ?? true;
    if (!isSeen && !isOnBreak.peek() && openCase.peek()?.isReadOnly.peek() === false) this.begin();
  }

  begin(): void {
    if (this.stop.peek() !== null) return;
    this.room.state.dialog.value = null;
    this.room.bursts.flush();
    this.room.record("pause", { tour: true });
    this.stop.value = STOPS[0];
  }

  get stops(): readonly Stop[] {
    const hasProposals = this.room.state.openCase.value?.packet.ai !== undefined;
    return STOPS.filter((stop) => hasProposals || stop !== "proposals");
  }

  /** Go on or back; past the last stop it ends. */
  go(steps: 1 | -1): void {
    const { stops } = this;
    const at = stops.indexOf(this.stop.value ?? "pictures") + steps;
    if (at >= stops.length) this.end();
    else this.stop.value = stops[Math.max(0, at)] ?? null;
  }

  /** The reader has seen it, or enough of it: it does not come again by itself. */
  end(): void {
    if (this.stop.peek() === null) return;
    this.stop.value = null;
    this.room.record("resume");
    const settings = this.room.state.me.value?.reading_room;
    if (settings && !settings.tour_seen) void setUp(this.room, { ...settings, tour_seen: true });
  }
}
