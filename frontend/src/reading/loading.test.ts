import { effect } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Packet, Series } from "../api/types";
import { PackError, type PackFrame } from "../packs/parser";
import { PackRefused, type StreamPack } from "../packs/stream";
import { Loading } from "./loading";

const FRAMES = 40;
const geometry = { rows: 1, columns: 1, frames: FRAMES, dtype: "uint8" };
const named = (id: string, role: string): Series =>
  ({ id, role, frames: FRAMES, bytes: FRAMES, geometry }) as unknown as Series;
const packet = (...series: Series[]): Packet =>
  ({ read: { id: "read" }, series, prior: null, token: "t", hanging: { roles: [] } }) as unknown as Packet;
const FLAIR = named("flair", "flair");
const T1C = named("t1c", "t1c");

interface Job {
  send: (frames: readonly PackFrame[]) => void;
  end: () => void;
  fail: (reason: Error) => void;
}

/** A server whose bytes the test sends. */
class Server {
  readonly asked: string[] = [];
  private readonly jobs = new Map<string, Job>();

  readonly stream: StreamPack = (address, _bytes, signal, onFrames) => {
    const [, id = ""] = /series\/(\w+)\//.exec(address) ?? [];
    this.asked.push(id);
    return new Promise((resolve, reject) => {
      const fail = (reason: Error): void => reject(reason);
      signal.addEventListener("abort", () => fail(new DOMException("Stopped.", "AbortError")));
      this.jobs.set(id, { send: onFrames, end: resolve, fail });
    });
  };

  fail(id: string, reason: Error): void {
    this.jobs.get(id)?.fail(reason);
  }

  send(id: string, from: number, to: number): void {
    const frames = Array.from({ length: to - from }, (_, at) => ({ index: from + at, bytes: new ArrayBuffer(1) }));
    this.jobs.get(id)?.send(frames);
    if (to === FRAMES) this.jobs.get(id)?.end();
  }
}

function make(): { server: Server; loading: Loading; renewed: string[] } {
  const server = new Server();
  const renewed: string[] = []; // the reads that a token was asked of
  const renew = (read: string): Promise<string> => {
    renewed.push(read);
    return Promise.resolve("t");
  };
  return { server, loading: new Loading(renew, server.stream), renewed };
}

describe("r1: loading a case", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("its images are asked for once, the first in hanging order first", () => {
    const { server, loading } = make();
    const both = packet(FLAIR, T1C);
    loading.ahead(both);
    expect(server.asked).toEqual(["t1c", "flair"]);
    loading.begin(both);
    expect(server.asked).toHaveLength(2);
  });

  test("a case of which one series is here already is not ready, not even for a moment", () => {
    const { server, loading } = make();
    loading.prefetch([T1C], "t");
    server.send("t1c", 0, FRAMES);
    const said: boolean[] = [];
    effect(() => void said.push(loading.isReady.value));
    loading.begin(packet(T1C, FLAIR));
    expect(said).toEqual([false]);
    server.send("flair", 0, FRAMES);
    expect(said).toEqual([false, true]);
  });

  test("the page is told of many messages a few times, and at once that a series is whole", () => {
    const { server, loading } = make();
    loading.begin(packet(T1C, FLAIR));
    let told = 0;
    loading.progress.subscribe(() => (told += 1));
    for (let frame = 0; frame < FRAMES - 1; frame += 1) server.send("t1c", frame, frame + 1);
    expect(told).toBe(1);
    vi.advanceTimersByTime(260);
    expect(told).toBe(2);
    expect(loading.progress.value.t1c?.loaded).toBe(FRAMES - 1);
    server.send("t1c", FRAMES - 1, FRAMES);
    expect(told).toBe(3);
    expect(loading.progress.value.t1c?.loaded).toBe(FRAMES);
  });

  test("a case that is left before it was whole does not fail the next one", async () => {
    const { server, loading } = make();
    loading.begin(packet(FLAIR));
    const left = loading.settled();
    loading.begin(packet(T1C));
    server.send("t1c", 0, FRAMES);
    await left;
    expect(loading.hasFailed.value).toBe(false);
    expect(loading.isReady.value).toBe(true);
  });

  test("a series that fails once more says so once more", async () => {
    const { server, loading } = make();
    loading.begin(packet(T1C));
    server.fail("t1c", new PackError("no pack"));
    await loading.settled();
    expect(loading.hasFailed.value).toBe(true);
    loading.again();
    await vi.advanceTimersByTimeAsync(260);
    expect(loading.hasFailed.value).toBe(false);
    server.fail("t1c", new PackError("no pack"));
    await vi.advanceTimersByTimeAsync(260);
    expect(loading.hasFailed.value).toBe(true);
  });

  test("a token is renewed by the read whose images it opens, and by no other", async () => {
    const { server, loading, renewed } = make();
    loading.begin(packet(T1C));
    loading.prefetch([FLAIR], "next");
    server.fail("flair", new PackRefused(404));
    await vi.advanceTimersByTimeAsync(600);
    expect([server.asked, renewed]).toEqual([["t1c", "flair"], []]);
    server.fail("t1c", new PackRefused(404));
    await vi.advanceTimersByTimeAsync(600);
    expect([server.asked, renewed]).toEqual([["t1c", "flair", "t1c"], ["read"]]);
  });

  test("the next case's token can be renewed as soon as it is asked for", async () => {
    const { server, loading, renewed } = make();
    loading.begin(packet(T1C));
    const next = packet(FLAIR);
    loading.ahead({ ...next, read: { ...next.read, id: "second" } });
    server.fail("flair", new PackRefused(404));
    await vi.advanceTimersByTimeAsync(600);
    expect(renewed).toEqual(["second"]);
  });
});
