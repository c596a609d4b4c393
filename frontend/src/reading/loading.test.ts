import { effect } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Packet, Series } from "../api/types";
import type { PackFrame } from "../packs/parser";
import type { StreamPack } from "../packs/stream";
import { Loading } from "./loading";

const FRAMES = 40;
const geometry = { rows: 1, columns: 1, frames: FRAMES, dtype: "uint8" };
const named = (id: string, role: string): Series =>
  ({ id, role, frames: FRAMES, bytes: FRAMES, geometry }) as unknown as Series;
const packet = (...series: Series[]): Packet =>
  ({ series, prior: null, token: "t", hanging: { roles: [] } }) as unknown as Packet;
const FLAIR = named("flair", "flair");
const T1C = named("t1c", "t1c");

/** A server whose bytes the test sends. */
class Server {
  readonly asked: string[] = [];
  private readonly jobs = new Map<string, { send: (frames: readonly PackFrame[]) => void; end: () => void }>();

  readonly stream: StreamPack = (address, _bytes, _signal, onFrames) => {
    const [, id = ""] = /series\/(\w+)\//.exec(address) ?? [];
    this.asked.push(id);
    return new Promise((resolve) => this.jobs.set(id, { send: onFrames, end: resolve }));
  };

  send(id: string, from: number, to: number): void {
    const frames = Array.from({ length: to - from }, (_, at) => ({ index: from + at, bytes: new ArrayBuffer(1) }));
    this.jobs.get(id)?.send(frames);
    if (to === FRAMES) this.jobs.get(id)?.end();
  }
}

function make(): { server: Server; loading: Loading } {
  const server = new Server();
  return { server, loading: new Loading(() => Promise.resolve("t"), server.stream) };
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
    vi.advanceTimersByTime(60);
    expect(told).toBe(2);
    expect(loading.progress.value.t1c?.loaded).toBe(FRAMES - 1);
    server.send("t1c", FRAMES - 1, FRAMES);
    expect(told).toBe(3);
    expect(loading.progress.value.t1c?.loaded).toBe(FRAMES);
  });
});
