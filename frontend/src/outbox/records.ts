import type { ReadEvent } from "../api/types";

/**
 * The version of the events' schema that this page speaks (fault C15). The server understands the
 * one before, too: a page that was loaded before a deployment goes on until its read ends.
 */
export const EVENTS_SCHEMA = 3;

/** An event as it is kept until the server has acknowledged it. Pseudonymous ids only. */
export interface OutboxRecord extends ReadEvent {
  /** Whose it is: another user's records are neither sent nor shown. */
  user: string;
  read: string;
  tab: string;
  fence: number;
  /** Of the page that made it; those of before had none, which is 1. */
  schema?: number;
}

/** Which tab of this browser last held a read, so that a reload can tell its own past. */
export interface Holder {
  read: string;
  user: string;
  tab: string;
  fence: number;
  /** Writes to this read's log after the account has ended, and does nothing else (fault D3). */
  lateKey?: string;
}

/** Where unacknowledged events are kept. */
export interface OutboxStore {
  /** Whether what is kept survives the browser. */
  readonly isDurable: boolean;
  /** Whether it was made just now: nothing can be in it. */
  readonly isNew: boolean;
  add(record: OutboxRecord): Promise<void>;
  remove(eventIds: readonly string[]): Promise<void>;
  /** A user's records, by read, tab and sequence. */
  of(user: string): Promise<OutboxRecord[]>;
  setHolder(holder: Holder): Promise<void>;
  holder(read: string, user: string): Promise<Holder | null>;
  close(): void;
}

/** The event alone, as it is sent. */
export function eventOf(record: OutboxRecord): ReadEvent {
  const { event_id, seq, kind, mono_ms, wall_ms, payload } = record;
  return { event_id, seq, kind, mono_ms, wall_ms, payload };
}

/** In the order of sending. */
export function inOrder(records: readonly OutboxRecord[]): OutboxRecord[] {
  const place = (each: OutboxRecord): string => `${each.read} ${each.tab}`;
  return [...records].sort((a, b) => place(a).localeCompare(place(b)) || a.seq - b.seq);
}
