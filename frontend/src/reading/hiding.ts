import { signal } from "@preact/signals";

import type { Room } from "./room";
import type { Viewing } from "./viewing";

/** By what something is hidden: all that is drawn by a held key or the bar, proposals by a held key. */
export type HiddenBy = "key" | "button" | "proposals_key";

/** What of all that is drawn is hidden at the moment: the pictures alone, or without proposals. */
export class Hiding {
  private readonly by = signal<ReadonlySet<HiddenBy>>(new Set());

  get isAll(): boolean {
    return this.by.value.has("key") || this.isByButton;
  }

  get isByButton(): boolean {
    return this.by.value.has("button");
  }

  get areProposals(): boolean {
    return this.by.value.size > 0;
  }

  set(by: HiddenBy, isHidden: boolean): void {
    if (this.by.value.has(by) === isHidden) return;
    const others = [...this.by.value].filter((each) => each !== by);
    this.by.value = new Set(isHidden ? [...others, by] : others);
  }

  /** Another case, or what was just asked for: everything shows. */
  clear(): void {
    if (this.by.value.size > 0) this.by.value = new Set();
  }
}

/**
 * Hide or show, and tell the log when it is proposals that come or go: once, however many keys are
 * held. In an arm without proposals nothing is told, and their own key does nothing.
 */
export function hide(room: Room, { hiding }: Viewing, by: HiddenBy, isHidden: boolean): void {
  const hasProposals = room.state.areProposalsShown.value;
  if (by === "proposals_key" && isHidden && !hasProposals) return;
  const before = hiding.areProposals;
  hiding.set(by, isHidden);
  const after = hiding.areProposals;
  if (!hasProposals || before === after) return;
  const at = by === "button" ? "button" : "hold";
  room.record(after ? "proposals_hidden" : "proposals_shown", { at });
}
