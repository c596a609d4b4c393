import { EVENTS_SCHEMA, type OutboxRecord } from "../outbox/records";
import type { Clock } from "./clock";

/** Kinds that change the draft or end the read: sent at once. */
const URGENT = /^(mark_|measure_|answer_|no_lesion_|proposal_|pause|resume|submit_asked|all_decoded)/;

export interface RecorderOptions {
  user: string;
  read: string;
  tab: string;
  fence: number;
  /** The last sequence number of this tab and read that the server has. */
  lastSeq: number;
  clock: Clock;
  put: (record: OutboxRecord, isUrgent: boolean) => void;
}

/** The one function through which everything a reader does becomes an event. */
export class Recorder {
  private seq: number;
  private fence: number;
  private isSealed = false;

  constructor(private readonly options: RecorderOptions) {
    this.seq = options.lastSeq;
    this.fence = options.fence;
  }

  get lastSeq(): number {
    return this.seq;
  }

  get currentFence(): number {
    return this.fence;
  }

  /** Go on under a newer lease. */
  renew(fence: number): void {
    this.fence = fence;
    this.isSealed = false;
  }

  /** Take no more events: another window has the read, or it is signed. */
  seal(): void {
    this.isSealed = true;
  }

  record(kind: string, payload: Readonly<Record<string, unknown>> = {}): void {
    if (this.isSealed) return;
    const { user, read, tab, clock, put } = this.options;
    this.seq += 1;
    const event = {
      event_id: crypto.randomUUID(),
      seq: this.seq,
      kind,
      mono_ms: clock.mono_ms(),
      wall_ms: Math.round(clock.wall_ms()),
      payload,
    };
    put({ ...event, user, read, tab, fence: this.fence, schema: EVENTS_SCHEMA }, URGENT.test(kind));
  }
}
