import "fake-indexeddb/auto";

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { EventBatch } from "../api/calls";
import { ApiProblem } from "../api/problem";
import type { Receipt } from "../api/types";
import { DurableStore } from "./durable";
import { handInLeftOver } from "./left-over";
import { MemoryStore } from "./memory";
import { openOutbox } from "./opening";
import type { OutboxRecord, OutboxStore } from "./records";
import { Sender, type SavedState, type Setback } from "./sender";

const record = (seq: number, more: Partial<OutboxRecord> = {}): OutboxRecord => ({
  event_id: `event-${more.tab ?? "tab"}-${seq}`,
  seq,
  kind: "scroll",
  mono_ms: seq * 10,
  wall_ms: 1_000 + seq,
  payload: { slice: seq },
  user: "rae",
  read: "read",
  tab: "tab",
  fence: 1,
  ...more,
});

type Late = (read: string, batch: EventBatch, key: string) => Promise<Receipt>;
type Answer = (read: string, batch: EventBatch) => Promise<Receipt>;
const acknowledge: Answer = (_, { events }) =>
  Promise.resolve({
    acknowledged: events.map((event) => event.event_id),
    missing: [],
    last_seq: events.at(-1)?.seq ?? 0,
  });
const fail = (problem: ApiProblem): Answer => () => Promise.reject(problem);
/** Nobody is signed in, and no account has ended. */
const noLate = (): Promise<Receipt> => Promise.reject(new ApiProblem(401, "signed_out", ""));
const NETWORK = new ApiProblem(0, "network", "");

/** A platform that answers as told, then acknowledges. */
function platform(...answers: Answer[]) {
  const rest = [...answers];
  const sent: { read: string; seqs: number[]; fence: number }[] = [];
  const sendEvents = (read: string, batch: EventBatch): Promise<Receipt> => {
    sent.push({ read, seqs: batch.events.map((event) => event.seq), fence: batch.fence });
    return (rest.shift() ?? acknowledge)(read, batch);
  };
  return { sendEvents, sendLateEvents: noLate, sent };
}

function sender(
  api: { sendEvents: Answer; sendLateEvents?: Late },
  store: OutboxStore = new MemoryStore(),
) {
  const states: [SavedState, number][] = [];
  const setbacks: Setback[] = [];
  let unkept = 0;
  const made = new Sender({ sendLateEvents: noLate, ...api }, store, {
    user: "rae",
    onUnkept: () => (unkept += 1),
    onState: (state, unsent) => states.push([state, unsent]),
    onSetback: (setback) => setbacks.push(setback),
    random: () => 1,
  });
  return { made, states, setbacks, store, unkept: () => unkept };
}

describe("sender", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test("events go in one batch within two seconds, in order, and are dropped when named", async () => {
    const api = platform();
    const store = new MemoryStore();
    Object.assign(store, { isDurable: true });
    const { made, states } = sender(api, store);
    for (const seq of [1, 2, 3]) made.put(record(seq), false);
    await vi.advanceTimersByTimeAsync(1_900);
    expect(api.sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(api.sent).toEqual([{ read: "read", seqs: [1, 2, 3], fence: 1 }]);
    expect(await store.of("rae")).toEqual([]);
    expect(states.at(-1)).toEqual(["saved", 0]);
  });

  test("a mark goes at once", async () => {
    const api = platform();
    const { made } = sender(api);
    made.put(record(1, { kind: "mark_put" }), true);
    await vi.advanceTimersByTimeAsync(1);
    expect(api.sent).toHaveLength(1);
  });

  test("c3: without an answer everything is kept, said, and sent again later each time", async () => {
    const api = platform(fail(NETWORK), fail(NETWORK), fail(NETWORK));
    const { made, states, store } = sender(api);
    made.put(record(1), true);
    await vi.advanceTimersByTimeAsync(1);
    expect(states.at(-1)).toEqual(["kept", 1]);
    expect(await store.of("rae")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);
    await vi.advanceTimersByTimeAsync(1_900);
    expect(api.sent).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(200);
    await vi.advanceTimersByTimeAsync(4_100);
    expect(api.sent).toHaveLength(4);
    expect(states.at(-1)).toEqual(["saved", 0]);
  });

  test("a reader who goes on working does not put the next try off", async () => {
    const api = platform(fail(NETWORK));
    const { made } = sender(api);
    made.put(record(1), true);
    await vi.advanceTimersByTimeAsync(1);
    for (let seq = 2; seq < 12; seq += 1) {
      made.put(record(seq), true);
      await vi.advanceTimersByTimeAsync(120);
    }
    expect(api.sent.length).toBeGreaterThan(1);
  });

  test("c3: a captive portal's page is no acknowledgement", async () => {
    const portal: Answer = () => Promise.resolve({ html: true } as unknown as Receipt);
    const { made, states, store } = sender(platform(portal));
    made.put(record(1), true);
    await vi.advanceTimersByTimeAsync(1);
    expect(states.at(-1)).toEqual(["kept", 1]);
    expect(await store.of("rae")).toHaveLength(1);
  });

  test("d3: nothing is said to be kept here before the disk has it", async () => {
    const { made, states, store } = sender(platform(...Array<Answer>(9).fill(fail(NETWORK))));
    made.put(record(1), true);
    await vi.advanceTimersByTimeAsync(1);
    let written = (): void => undefined;
    const add = (): Promise<void> => new Promise((resolve) => (written = resolve));
    Object.assign(store, { add });
    made.put(record(2), true);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(states.at(-1)).toEqual(["saving", 2]);
    written();
    await vi.advanceTimersByTimeAsync(0);
    expect(states.at(-1)).toEqual(["kept", 2]);
  });

  test("only what is named is dropped", async () => {
    const half: Answer = (_, { events }) =>
      Promise.resolve({ acknowledged: [events[0]?.event_id ?? ""], missing: [], last_seq: 1 });
    const api = platform(half, fail(NETWORK));
    const { made } = sender(api);
    made.put(record(1), false);
    made.put(record(2), true);
    await vi.advanceTimersByTimeAsync(1);
    expect(made.unsent).toBe(1);
    expect(api.sent[1]?.seqs).toEqual([2]);
  });

  test("c4: a reply that was lost is asked for again with the same ids", async () => {
    const stored = new Set<string>();
    const lost: Answer = (_, { events }) => {
      events.forEach((event) => stored.add(event.event_id));
      return Promise.reject(NETWORK);
    };
    const { made } = sender(platform(lost));
    made.put(record(1), true);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(made.unsent).toBe(0);
    expect([...stored]).toEqual(["event-tab-1"]);
  });

  test("c10: the loser's events are stored, dropped, and the room is told", async () => {
    const stale: Answer = (_, { events }) =>
      Promise.reject(
        new ApiProblem(409, "reads.taken_over", "Another window.", {
          acknowledged: events.map((event) => event.event_id),
        }),
      );
    const { made, setbacks } = sender(platform(stale));
    made.put(record(1), true);
    await vi.advanceTimersByTimeAsync(1);
    expect(setbacks).toEqual([{ kind: "taken_over", read: "read" }]);
    expect(made.unsent).toBe(0);
  });

  test("c12: an ended session stops sending until the reader has signed in", async () => {
    const api = platform(fail(new ApiProblem(401, "signed_out", "")));
    const { made, setbacks } = sender(api);
    made.put(record(1), true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(setbacks).toEqual([{ kind: "signed_out" }]);
    expect(api.sent).toHaveLength(1);
    made.tryNow();
    await vi.advanceTimersByTimeAsync(1);
    expect(made.unsent).toBe(0);
  });

  test("d3: when the account has ended the read's key hands in what was not sent", async () => {
    const late = vi.fn<Late>((read, batch) => acknowledge(read, batch));
    const ended = fail(new ApiProblem(401, "signed_out", ""));
    const { made, setbacks, store } = sender({ sendEvents: ended, sendLateEvents: late });
    await store.setHolder({ read: "read", user: "rae", tab: "tab", fence: 1, lateKey: "key" });
    made.put(record(1), true);
    await vi.advanceTimersByTimeAsync(1);
    expect(late.mock.calls.map(([read, { events }, key]) => [read, events.length, key])).toEqual([
      ["read", 1, "key"],
    ]);
    expect(made.unsent).toBe(0);
    expect(setbacks).toEqual([{ kind: "signed_out" }]);
  });

  test("c14: a store that fails in mid-read is said once, and all goes at once from then on", async () => {
    const api = platform();
    const store = new MemoryStore();
    const add = (): Promise<never> => Promise.reject(new Error("QuotaExceededError"));
    Object.assign(store, { isDurable: true, add });
    const { made, unkept } = sender(api, store);
    made.put(record(1), false);
    await vi.advanceTimersByTimeAsync(1);
    made.put(record(2), false);
    await vi.advanceTimersByTimeAsync(1);
    expect(api.sent.map((each) => each.seqs)).toEqual([[1], [2]]);
    expect(unkept()).toBe(1);
  });

  test("c15: what a page of another version left is sent as that version's", async () => {
    const versions: number[] = [];
    const sendEvents: Answer = (read, batch) => {
      versions.push(batch.schema);
      return acknowledge(read, batch);
    };
    const { made } = sender({ sendEvents });
    made.adopt([record(1), record(2, { schema: 2 })]);
    await made.flush();
    expect(versions).toEqual([1, 2]);
  });

  test("an event that came again altered is quarantined by the server and not sent for ever", async () => {
    const altered: Answer = (_, { events }) =>
      Promise.reject(
        new ApiProblem(409, "reads.altered_event", "Altered.", {
          acknowledged: [],
          altered: events.map((event) => event.event_id),
        }),
      );
    const { made, setbacks } = sender(platform(altered));
    made.put(record(1), true);
    await vi.advanceTimersByTimeAsync(1);
    expect(made.unsent).toBe(0);
    expect(setbacks[0]?.kind).toBe("refused");
  });

  test("what an earlier tab left goes under that tab's own lease", async () => {
    const api = platform();
    const { made } = sender(api);
    made.adopt([record(4, { tab: "dead", fence: 3 }), record(5, { tab: "dead", fence: 3 })]);
    made.put(record(1, { fence: 4 }), false);
    await made.flush();
    expect(api.sent).toEqual([
      { read: "read", seqs: [4, 5], fence: 3 },
      { read: "read", seqs: [1], fence: 4 },
    ]);
  });

  test("a flush waits for events that came while another batch was under way", async () => {
    const api = platform();
    const { made } = sender(api);
    made.put(record(1), false);
    const flushed = made.flush();
    made.put(record(2), false);
    await flushed;
    expect(made.unsent).toBe(0);
  });

  test("c2: the last words of a page fit into a keepalive request", () => {
    const api = platform();
    const sizes: number[] = [];
    const sendEvents = (read: string, batch: EventBatch): Promise<Receipt> => {
      sizes.push(new TextEncoder().encode(JSON.stringify(batch)).length);
      return api.sendEvents(read, batch);
    };
    const { made } = sender({ sendEvents });
    const payload = { words: "结".repeat(1_000) }; // three bytes each
    for (let seq = 1; seq <= 50; seq += 1) made.put(record(seq, { payload }), false);
    made.sendLastWords();
    expect(sizes).toHaveLength(1);
    expect(sizes[0]).toBeLessThan(65_536);
    expect(sizes[0]).toBeGreaterThan(30_000);
  });
});

describe("durable store", () => {
  let number = 0;
  const open = (): Promise<DurableStore> => DurableStore.open(`test-${number}`);
  beforeEach(() => (number += 1));

  test("c1: what was kept is there after the browser was killed", async () => {
    const before = await open();
    await before.add(record(2));
    await before.add(record(1));
    before.close();
    const found = await (await open()).of("rae");
    expect(found.map((each) => each.seq)).toEqual([1, 2]);
  });

  test("c12: another user's records are neither shown nor removed", async () => {
    const store = await open();
    await store.add(record(1, { user: "gus" }));
    expect(await store.of("rae")).toEqual([]);
    expect(await store.of("gus")).toHaveLength(1);
  });

  test("d3: a later page hands in what an ended account's closed window left", async () => {
    const store = await open();
    const lateKey = "key of rae";
    await store.setHolder({ read: "read", user: "rae", tab: "tab", fence: 1, lateKey });
    await store.setHolder({ read: "other", user: "gus", tab: "tab", fence: 1, lateKey: "of gus" });
    await store.add(record(1));
    await store.add(record(2));
    await store.add(record(3, { tab: "second" }));
    await store.add(record(4, { user: "gus", read: "other" }));
    await store.add(record(5, { user: "nora", read: "third" })); // its key was never kept
    const late = vi.fn<Late>((read, batch, key) =>
      key === lateKey ? acknowledge(read, batch) : noLate(),
    );
    store.close();
    const again = (): Promise<DurableStore | null> => DurableStore.existing(`test-${number}`);
    const taken = await handInLeftOver({ sendLateEvents: late }, again);
    expect(taken).toBe(3);
    expect(late.mock.calls.map(([read, { tab, events }]) => [read, tab, events.length])).toEqual([
      ["other", "tab", 1],
      ["read", "second", 1],
      ["read", "tab", 2],
    ]);
    const later = await open();
    expect(await later.of("rae")).toEqual([]);
    expect(await later.of("gus")).toHaveLength(1); // may sign in: the room sends it then
    expect(await later.of("nora")).toHaveLength(1);
  });

  test("d3: where nobody has read no database is made, so that a lost one is still noticed", async () => {
    const again = (): Promise<DurableStore | null> => DurableStore.existing(`test-${number}`);
    expect(await handInLeftOver({ sendLateEvents: noLate }, again)).toBe(0);
    expect((await open()).isNew).toBe(true);
  });

  test("the holder of a read is known by user", async () => {
    const store = await open();
    const holder = { read: "read", user: "rae", tab: "tab", fence: 3 };
    await store.setHolder(holder);
    expect(await store.holder("read", "rae")).toEqual(holder);
    expect(await store.holder("read", "gus")).toBeNull();
  });
});

describe("opening", () => {
  /** What the browser remembers beside its database. */
  function notes(): Pick<Storage, "getItem" | "setItem"> {
    const kept = new Map<string, string>();
    return { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value) };
  }

  test("c14: a broken database is made anew and the loss is said", async () => {
    const opened = vi
      .fn<() => Promise<MemoryStore>>()
      .mockRejectedValueOnce(new Error("Internal error opening backing store"))
      .mockResolvedValue(new MemoryStore());
    const destroy = vi.fn(() => Promise.resolve());
    const { wasLost } = await openOutbox(opened, destroy, notes());
    expect(wasLost).toBe(true);
    expect(destroy).toHaveBeenCalledOnce();
  });

  test("c14: without a database there is a store that says it is not durable", async () => {
    const refused = (): Promise<never> => Promise.reject(new Error("private mode"));
    const { store } = await openOutbox(refused, refused, notes());
    expect(store.isDurable).toBe(false);
  });

  test("c14: a database that the browser threw away without a word is said to be lost", async () => {
    const kept = notes();
    const open = (): Promise<DurableStore> => DurableStore.open("thrown-away");
    const lost: boolean[] = [];
    const opened: DurableStore[] = [];
    const openKept = async (): Promise<DurableStore> => {
      const store = await open();
      opened.push(store);
      return store;
    };
    for (const isThrownAway of [false, false, true, false]) {
      if (isThrownAway) await DurableStore.destroy("thrown-away");
      const { wasLost } = await openOutbox(openKept, () => Promise.resolve(), kept);
      lost.push(wasLost);
      opened.pop()?.close();
    }
    expect(lost).toEqual([false, false, true, false]);
  });
});
