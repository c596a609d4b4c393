import { computed, signal } from "@preact/signals";

import type { Feedback, HeatMaps, Known, Me, TestResult } from "../api/types";
import type { ProposalStyle } from "../viewer/scene";
import type { SavedState } from "../outbox/sender";
import type { OpenCase } from "./case";
import { bindingsWith } from "./own-keys";
import type { Viewing } from "./viewing";

/** Where the room stands. */
export type Phase =
  | { name: "starting" }
  | { name: "display" }
  | { name: "draining" }
  | { name: "opening" }
  | { name: "reading" }
  | { name: "finished"; words: string; opensOn: string | null }
  | { name: "resting"; words: string; opensAt: string }
  | { name: "refused"; words: string; canRetry: boolean };

export type Dialog = "keys" | "submit" | "problem" | "facts" | null;

/** A mark that is being rated, and the pane beside whose picture that happens. */
export interface Rating {
  mark: string;
  pane: number;
}

/** All that the reading room shows, in one place. */
export function createState() {
  const me = signal<Me | null>(null);
  return {
    phase: signal<Phase>({ name: "starting" }),
    me,
    /** Which key does what for this reader. */
    bindings: computed(() => bindingsWith(me.value?.reading_room.keys ?? {})),
    needsSignIn: signal(false),
    openCase: signal<OpenCase | null>(null),
    viewing: signal<Viewing | null>(null),
    saved: signal<{ state: SavedState; unsent: number }>({ state: "saved", unsent: 0 }),
    isDurable: signal(true),
    setback: signal<string | null>(null),
    /** The graphics processor dropped this page's pictures: only a reload brings them back. */
    areGraphicsLost: signal(false),
    /** A small word about what just did not work; gone with the next deed. */
    notice: signal<string | null>(null),
    dialog: signal<Dialog>(null),
    rating: signal<Rating | null>(null),
    isOnBreak: signal(false),
    isBare: signal(false),
    areProposalsShown: signal(false),
    /** They were asked for, and the server has not answered yet. */
    isAskingAi: signal(false),
    proposalStyle: signal<ProposalStyle>("contour"),
    heat: signal<{ read: string; maps: HeatMaps } | null>(null),
    known: signal<{ read: string; found: Known } | null>(null),
    feedback: signal<Feedback | null>(null),
    testResult: signal<TestResult | null>(null),
    isSubmitting: signal(false),
    submitError: signal<string | null>(null),
    /** When the sitting began, on this machine's clock; the server says how long it lasts. */
    began_ms: signal(Date.now()),
    /** The protocol's limit of a sitting in minutes; 0 is none. */
    sittingLimit_min: signal(0),
    isWindowSmall: signal(false),
  };
}

export type State = ReturnType<typeof createState>;
