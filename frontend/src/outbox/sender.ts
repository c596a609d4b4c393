import type { Api, EventBatch } from "../api/calls";
import { asProblem, type ApiProblem } from "../api/problem";
import { acknowledgedIn, batchOf, firstGroup, idsIn } from "./batches";
import type { OutboxRecord, OutboxStore } from "./records";

const INTERVAL_MS = 2_000;
const FIRST_BACKOFF_MS = 1_000;
const LAST_BACKOFF_MS = 30_000;
const KEEPALIVE_BYTES = 60_000; // browsers refuse keepalive bodies over 64 KiB

/** What the reader is told: all saved, being sent, kept here until the server answers. */
export type SavedState = "saved" | "saving" | "kept";

/** Something that sending met and that the room must know. */
export type Setback =
  | { kind: "signed_out" }
  | { kind: "taken_over"; read: string }
  | { kind: "withdrawn"; read: string; words: string }
  | { kind: "refused"; read: string; words: string };

export interface SenderOptions {
  user: string;
  onState: (state: SavedState, unsent: number) => void;
  onSetback: (setback: Setback) => void;
  /** This device keeps nothing any more: its storage is full, gone or broken (fault C14). */
  onUnkept?: () => void;
  random?: () => number;
}

/**
 * Sends what the outbox keeps: soon for marks and answers, within two seconds for the rest,
 * again and again until the server names each event as stored. Order within a tab is kept.
 */
export class Sender {
  private records: OutboxRecord[] = [];
  private readonly writing = new Map<string, Promise<void>>();
  private readonly unwritten = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private running: Promise<void> | null = null;
  private failures = 0;
  private isStopped = false;
  private isUnkept = false;

  constructor(
    private readonly api: Pick<Api, "sendEvents" | "sendLateEvents">,
    private readonly store: OutboxStore,
    private readonly options: SenderOptions,
  ) {}

  get unsent(): number {
    return this.records.length;
  }

  /** Take up records of the user that an earlier tab left behind. */
  adopt(records: readonly OutboxRecord[]): void {
    this.records.push(...records);
    this.tell();
  }

  /** Keep an event and send it: at once when `isUrgent`, else with the next batch. */
  put(record: OutboxRecord, isUrgent: boolean): void {
    this.records.push(record);
    this.writing.set(record.event_id, this.write(record));
    this.tell();
    this.plan(isUrgent || this.isUnkept || !this.store.isDurable ? 0 : INTERVAL_MS);
  }

  /** Send everything now; resolves when nothing is left or the first failure. */
  async flush(): Promise<void> {
    this.clearTimer();
    this.isStopped = false;
    await (this.running ?? this.run());
    if (this.records.length > 0 && this.failures === 0) await this.run();
  }

  /** Send what fits into one last request while the page goes away; the rest stays kept. */
  sendLastWords(): void {
    const group = firstGroup(this.records);
    const first = group[0];
    if (first === undefined || this.isStopped) return;
    let kept = group.length;
    while (kept > 1 && bytesOf(batchOf(group.slice(0, kept))) > KEEPALIVE_BYTES) kept -= 1;
    void this.api.sendEvents(first.read, batchOf(group.slice(0, kept)), true).then(
      (receipt) => this.drop(acknowledgedIn(receipt)),
      () => undefined, // it is kept, and sent again at the next chance
    );
  }

  /** Wait for nothing: the network is back, or the reader has signed in again. */
  tryNow(): void {
    this.clearTimer();
    this.failures = 0;
    this.isStopped = false;
    this.plan(0);
  }

  private async write(record: OutboxRecord): Promise<void> {
    this.unwritten.add(record.event_id);
    await this.store.add(record).catch(() => this.unkept()); // it is still in memory
    this.unwritten.delete(record.event_id);
    this.tell();
  }

  private unkept(): void {
    if (!this.isUnkept) this.options.onUnkept?.();
    this.isUnkept = true;
    this.plan(0);
  }

  private plan(delay_ms: number): void {
    const isPlanned = this.timer !== null && (delay_ms > 0 || this.failures > 0);
    if (this.isStopped || isPlanned) return;
    this.clearTimer();
    const wait = this.failures > 0 ? this.backoff() : delay_ms;
    this.timer = setTimeout(() => {
      this.timer = null;
      void (this.running ?? this.run());
    }, wait);
  }

  private clearTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private backoff(): number {
    const ceiling = Math.min(FIRST_BACKOFF_MS * 2 ** (this.failures - 1), LAST_BACKOFF_MS);
    return ceiling * (0.5 + (this.options.random ?? Math.random)() / 2);
  }

  private async run(): Promise<void> {
    this.running = this.drain();
    this.tell();
    await this.running;
    this.running = null;
    this.tell();
    if (this.records.length > 0) this.plan(INTERVAL_MS);
  }

  private async drain(): Promise<void> {
    for (let group = firstGroup(this.records); group.length > 0; group = firstGroup(this.records)) {
      if (this.isStopped || !(await this.sendGroup(group))) return;
    }
  }

  private async sendGroup(group: readonly OutboxRecord[]): Promise<boolean> {
    const { read } = group[0] as OutboxRecord;
    try {
      const receipt = await this.api.sendEvents(read, batchOf(group));
      const named = acknowledgedIn(receipt);
      if (!group.some((record) => named.has(record.event_id))) return this.failed();
      await this.drop(named);
      this.failures = 0;
      return true;
    } catch (error) {
      return this.refused(asProblem(error), group);
    }
  }

  private async refused(problem: ApiProblem, group: readonly OutboxRecord[]): Promise<boolean> {
    const read = (group[0] as OutboxRecord).read;
    if (problem.status === 401) {
      await this.sendLate(group);
      this.isStopped = true;
      this.options.onSetback({ kind: "signed_out" });
      return false;
    }
    if (problem.isPassing || problem.code === "csrf") return this.failed();
    // Stale, withdrawn or altered: what the answer names is stored and may go.
    const named = acknowledgedIn(problem.more);
    idsIn(problem.more.altered).forEach((id) => named.add(id));
    await this.drop(named);
    this.options.onSetback(setbackOf(problem, read));
    return group.some((record) => named.has(record.event_id)) || this.failed();
  }

  /** Nobody is signed in: where that is because the account has ended, the read's key helps. */
  private async sendLate(group: readonly OutboxRecord[]): Promise<void> {
    const { read, user } = group[0] as OutboxRecord;
    try {
      const key = (await this.store.holder(read, user))?.lateKey;
      if (key === undefined) return;
      await this.drop(acknowledgedIn(await this.api.sendLateEvents(read, batchOf(group), key)));
    } catch {
      // The session has only expired, or a day is over: what is unsent stays on this device.
    }
  }

  private failed(): false {
    this.failures += 1;
    return false;
  }

  private async drop(named: ReadonlySet<string>): Promise<void> {
    this.records = this.records.filter((record) => !named.has(record.event_id));
    this.tell();
    const ids = [...named];
    await Promise.all(ids.map((id) => this.writing.get(id) ?? Promise.resolve()));
    ids.forEach((id) => this.writing.delete(id));
    await this.store.remove(ids).catch(() => undefined); // sent again later: the server knows them
  }

  private tell(): void {
    // "Kept here" is a promise: what is still on its way to the disk would go with the window.
    const isKept = this.failures > 0 && this.unwritten.size === 0;
    const state = this.records.length === 0 ? "saved" : isKept ? "kept" : "saving";
    this.options.onState(state, this.records.length);
  }
}

function bytesOf(batch: EventBatch): number {
  return new TextEncoder().encode(JSON.stringify(batch)).length;
}

function setbackOf(problem: ApiProblem, read: string): Setback {
  if (problem.code === "reads.taken_over") return { kind: "taken_over", read };
  if (["reads.withdrawn", "reads.submitted", "unknown"].includes(problem.code)) {
    return { kind: "withdrawn", read, words: problem.detail };
  }
  return { kind: "refused", read, words: problem.detail };
}
