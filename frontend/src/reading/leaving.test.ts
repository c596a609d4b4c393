// @vitest-environment jsdom
import { beforeEach, describe, expect, test, vi } from "vitest";

import { EVENTS_SCHEMA, type OutboxRecord } from "../outbox/records";
import { MemoryStore } from "../outbox/memory";
import { DailyCheck } from "./display";
import { Lifeline } from "./lifeline";
import type { Ports } from "./ports";
import { Room } from "./room";
import { showSigns } from "./signs";

const PACKET = {
  read: { id: "read", fence: 1, events_schema: EVENTS_SCHEMA, state: "opened", idle_limit_s: 60 },
  series: [{ id: "t1c", role: "t1c", frames: 2, bytes: 2, encodings: [], geometry: { rows: 1, columns: 1, frames: 2, dtype: "uint8" } }],
  prior: null, token: "t", meaning: "read", case: { code: "C1" },
  hanging: { layout: "auto", roles: [], window: "auto", linked: [] },
  session: { elapsed_s: 0, limit_min: 0 }, questions: [],
  draft: { marks: [], measures: [], answers: {}, no_lesion_said: false, last_seq: {} },
};

/** A room whose server answers as told; what it did last of all, in order. */
function make(openNext: () => Promise<unknown> = () => Promise.resolve(PACKET), sendEvents?: () => Promise<unknown>) {
  let tellNext: (images: unknown) => void = () => undefined;
  const did: string[] = [];
  const sent: string[] = [];
  const store = new MemoryStore();
  vi.spyOn(store, "close").mockImplementation(() => void did.push("store closed"));
  const loadStage = vi.fn(() => new Promise(() => undefined));
  const stopped = vi.fn();
  const asked: string[] = [];
  let come = (): void => undefined;
  const send = (_read: string, { events }: { events: OutboxRecord[] }): Promise<unknown> => {
    sent.push(...events.map(({ kind }) => kind));
    return Promise.resolve({ acknowledged: events.map(({ event_id }) => event_id), missing: [] });
  };
  const ports = {
    api: {
      me: () => Promise.resolve({ id: "reader", reading_room: { keys: {}, tour_seen: true } }),
      startSession: () => Promise.resolve({ session_id: "s", next_images: { series: [], token: "" } }),
      openNext,
      sendEvents: sendEvents ?? send,
      nextImages: () => new Promise((resolve) => (tellNext = resolve)),
    },
    clock: { mono_ms: () => 5, wall_ms: () => 1000 },
    lifeline: { tab: "tab", hold: () => undefined, living: () => Promise.resolve(new Set(["tab"])) },
    openOutbox: () => Promise.resolve({ store, wasLost: false }),
    rendererName: () => Promise.resolve("SwiftShader"),
    makeContexts: () => Promise.resolve(),
    loadStage,
    streamPack: (address: string, _bytes: number, signal: AbortSignal, onFrames: (frames: object[]) => void) => {
      asked.push(address);
      return new Promise<void>((resolve, reject) => {
        signal.addEventListener("abort", () => {
          stopped();
          reject(new Error("aborted"));
        });
        come = () => {
          onFrames([0, 1].map((index) => ({ index, bytes: new ArrayBuffer(1) })));
          resolve();
        };
      });
    },
    close: () => did.push("ports closed"),
  } as unknown as Ports;
  return { room: new Room("study", ports), did, sent, stopped, asked, come: () => come(), tellNext: (images: unknown) => tellNext(images) };
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe("a room that is left for another page", () => {
  beforeEach(() => new DailyCheck("reader").done());

  test("r8: tells what was under way and that it is hidden, sends all, and only then lets go", async () => {
    const { room, did, sent, stopped } = make();
    await Promise.race([room.start(), settle()]);
    room.bursts.add("scroll", { pane: 0, slice: 3 });
    expect(sent).not.toContain("scroll");
    await room.leave();
    expect(sent.slice(-2)).toEqual(["scroll", "hidden"]);
    expect(did).toEqual(["store closed", "ports closed"]);
    expect(stopped).toHaveBeenCalledOnce(); // its images are fetched no more
  });

  test("hears and tells nothing more", async () => {
    const { room, sent } = make();
    const stop = showSigns(room);
    await Promise.race([room.start(), settle()]);
    await room.leave();
    stop();
    const before = [...sent];
    document.documentElement.removeAttribute("data-phase");
    room.state.phase.value = { name: "opening" };
    room.record("scroll");
    window.dispatchEvent(new Event("pagehide"));
    for (const each of ["visibilitychange", "pointermove", "keydown"]) document.dispatchEvent(new Event(each));
    Object.assign(globalThis, { innerWidth: 100, innerHeight: 100 });
    dispatchEvent(new Event("resize"));
    await settle();
    expect(sent).toEqual(before);
    expect(room.state.isWindowSmall.value).toBe(false);
    expect(document.documentElement.dataset.phase).toBeUndefined();
  });

  test("opens no case that comes late, and says nothing of a refusal", async () => {
    let come: (packet: unknown) => void = () => undefined;
    const openNext = vi.fn(() => new Promise((resolve) => (come = resolve)));
    const { room } = make(openNext);
    await Promise.race([room.start(), settle()]);
    await room.leave();
    come(PACKET);
    await settle();
    expect(room.state.openCase.value).toBeNull();
    expect(room.state.phase.value.name).toBe("opening");
    await room.retry();
    expect(openNext).toHaveBeenCalledOnce();
  });

  test("fetches no next case that it hears of late", async () => {
    const { room, asked, come, tellNext } = make();
    await Promise.race([room.start(), settle()]);
    come();
    const prefetching = (room as unknown as { prefetch: (read: string) => Promise<void> }).prefetch("read");
    await room.leave();
    tellNext({ series: [{ ...PACKET.series[0], id: "next" }], token: "t" });
    await prefetching;
    expect(asked).toHaveLength(1);
  });

  test("c3: does not wait long for a line that is cut; what is unsent stays where the next room finds it", async () => {
    vi.useFakeTimers();
    const { room, did } = make(undefined, () => new Promise(() => undefined));
    void room.start();
    await vi.advanceTimersByTimeAsync(50);
    const left = room.leave();
    await vi.advanceTimersByTimeAsync(1_900);
    expect(did).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    await left;
    expect(did).toEqual(["ports closed"]); // the outbox stays open for what it still sends
    vi.useRealTimers();
  });

  test("c10: its tab is dead for the next one, though the page lives", async () => {
    let held: Promise<unknown> | null = null;
    const request = (_name: string, hold: () => Promise<unknown>): Promise<unknown> => (held = hold());
    const lifeline = new Lifeline("tab", { request } as unknown as LockManager);
    lifeline.hold();
    const over = vi.fn();
    void (held as Promise<unknown> | null)?.then(over);
    await settle();
    expect(over).not.toHaveBeenCalled();
    lifeline.letGo();
    await settle();
    expect(over).toHaveBeenCalledOnce();
  });
});
