// @vitest-environment jsdom
import { beforeEach, describe, expect, test, vi, type Mock } from "vitest";

import type { NextImages } from "../api/types";
import type { Opened } from "../outbox/opening";
import { MemoryStore } from "../outbox/memory";
import type { OutboxRecord } from "../outbox/records";
import { DailyCheck } from "./display";
import type { Ports } from "./ports";
import { Room } from "./room";

const LEFT = { event_id: "e", user: "reader", tab: "gone", read: "r", fence: 1, seq: 1 } as unknown as OutboxRecord;

const SERIES = Array.from({ length: 5 }, (_, at) => ({ id: `series-${at}`, frames: 1, encodings: ["raw"] }));
const AHEAD = { token: "token", series: SERIES } as unknown as NextImages;
const GONE = new TypeError("Failed to fetch");
const PACKS = Array.from({ length: 4 }, () => "pack"); // two connections are left for what else is asked

interface World {
  room: Room;
  /** What was asked of the server, in order. */
  asked: string[];
  openOutbox: (opened: Opened) => void;
  takeEvents: () => void;
  /** The server is away the next time that it is asked this. */
  fail: (what: "me" | "session") => void;
  loadStage: Mock;
}

/** A promise, and what keeps it. */
function later<Answer>(): { promise: Promise<Answer>; resolve: (answer: Answer) => void } {
  let resolve: (answer: Answer) => void = () => undefined;
  const promise = new Promise<Answer>((keep) => (resolve = keep));
  return { promise, resolve };
}

/** A page that starts; the outbox opens, and the server takes events, when the test says so. */
function make(renderer: string | null): World {
  const asked: string[] = [];
  const away = new Set<string>();
  const outbox = later<Opened>();
  const events = later<unknown>();
  const never = new Promise(() => undefined);
  const loadStage = vi.fn(() => never);
  const call = <Answer>(what: string, answer: Promise<Answer>) => (): Promise<Answer> => {
    asked.push(what);
    return answer;
  };
  const makeContexts = vi.fn(call("contexts", Promise.resolve()));
  const ports = {
    api: {
      me: () => {
        asked.push("me");
        const me = { id: "reader", reading_room: { keys: {}, tour_seen: true } };
        return away.delete("me") ? Promise.reject(GONE) : Promise.resolve(me);
      },
      startSession: () => {
        asked.push("session");
        const begun = { session_id: "s", next_images: AHEAD };
        return away.delete("session") ? Promise.reject(GONE) : Promise.resolve(begun);
      },
      sendEvents: call("events", events.promise),
      openNext: call("read", never),
    },
    clock: { mono_ms: () => 5, wall_ms: () => 1000 },
    lifeline: { tab: "tab", hold: () => undefined, living: () => Promise.resolve(new Set(["tab"])) },
    openOutbox: () => outbox.promise,
    rendererName: () => Promise.resolve(renderer),
    loadStage,
    makeContexts,
    streamPack: call("pack", never),
  } as unknown as Ports;
  const takeEvents = (): void => events.resolve({ acknowledged: ["e"], accepted: 1, last_seq: 1 });
  return { room: new Room("study", ports), asked, openOutbox: outbox.resolve, takeEvents, fail: (what) => void away.add(what), loadStage };
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe("the page starts", () => {
  beforeEach(() => new DailyCheck("reader").done());

  test("r11: without WebGL 2 it says so, and opens no read", async () => {
    const { room, asked } = make(null);
    await room.start();
    expect(room.state.phase.value).toMatchObject({ name: "refused", canRetry: false });
    expect(asked).toEqual(["me"]);
  });

  test("the sitting begins while the outbox opens, no read before what earlier tabs left is sent; its images come while it is opened", async () => {
    const { room, asked, openOutbox, takeEvents, loadStage } = make("SwiftShader");
    void room.start();
    await settle();
    expect(asked).toEqual(["me", "session", "contexts"]); // while its answer is awaited
    expect(loadStage).not.toHaveBeenCalled(); // it would hold up what has to be asked first
    const store = new MemoryStore();
    await store.add(LEFT);
    openOutbox({ store, wasLost: false });
    await settle();
    expect(asked).toEqual(["me", "session", "contexts", "events"]);
    takeEvents();
    await vi.waitFor(() => expect(asked).toEqual(["me", "session", "contexts", "events", "read", ...PACKS]));
  });

  test("r11: nobody sits down before they have looked at the test pattern", async () => {
    localStorage.clear();
    const { room, asked, openOutbox, loadStage } = make("SwiftShader");
    void room.start();
    openOutbox({ store: new MemoryStore(), wasLost: false });
    await settle();
    expect(room.state.phase.value).toEqual({ name: "display" });
    expect(asked).toEqual(["me"]);
    expect(loadStage).toHaveBeenCalledOnce(); // made ready meanwhile
    room.answerDisplayCheck(true);
    await settle();
    expect(asked).toEqual(["me", "session", "read", ...PACKS]);
  });

  test("a sitting's first images are asked for once", async () => {
    const { room, asked, openOutbox } = make("SwiftShader");
    void room.start();
    openOutbox({ store: new MemoryStore(), wasLost: false });
    await vi.waitFor(() => expect(asked).toContain("read"));
    void room.retry();
    await settle();
    expect(asked.filter((each) => each === "read")).toHaveLength(2);
    expect(asked.filter((each) => each === "pack")).toHaveLength(PACKS.length);
  });

  test.each(["me", "session"] as const)("r11: where %s failed, the next try does all before a read", async (what) => {
    const { room, asked, openOutbox, fail } = make("SwiftShader");
    fail(what);
    void room.start();
    openOutbox({ store: new MemoryStore(), wasLost: false });
    await vi.waitFor(() => expect(room.state.phase.value).toMatchObject({ name: "refused", canRetry: true }));
    expect(asked).not.toContain("read");
    asked.length = 0;
    void room.retry();
    await settle();
    expect(asked).toEqual(["me", "session", "contexts", "read", ...PACKS]);
    expect(room.state.me.value?.id).toBe("reader");
  });
});
