import type { ReadEvent } from "../api/types";

/** An event as it is kept until the server has acknowledged it. Pseudonymous ids only. */
export interface OutboxRecord extends ReadEvent {
  /** Whose it is: another user's records are neither sent nor shown. */
  user: string;
  read: string;
  tab: string;
  fence: number;
}

/** Which tab of this browser last held a read, so that a reload can tell its own past. */
export interface Holder {
  read: string;
  user: string;
  tab: string;
  fence: number;
}

/** Where unacknowledged events are kept. */
export interface OutboxStore {
  /** Whether what is kept survives the browser. */
  readonly isDurable: boolean;
  add(record: OutboxRecord): Promise<void>;
  remove(eventIds: readonly string[]): Promise<void>;
  /** A user's records, by read, tab and sequence. */
  of(user: string): Promise<OutboxRecord[]>;
  setHolder(holder: Holder): Promise<void>;
  holder(read: string, user: string): Promise<Holder | null>;
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
