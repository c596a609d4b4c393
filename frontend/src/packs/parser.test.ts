import { describe, expect, test, vi } from "vitest";

import type { Geometry, Series } from "../api/types";
import { PackLibrary } from "./library";
import { fetchPack, SeriesFrames } from "./load";
import { PackError, PackParser } from "./parser";
import { samplesOf } from "./samples";
import { PackRefused, streamWith } from "./stream";

/** A pack as docs/architecture.md says; frames are given in sending order. */
function pack(frames: readonly { index: number; bytes: Uint8Array }[]): Uint8Array {
  const head = 12 + 8 * frames.length;
  const start = Math.ceil(head / 8) * 8;
  const size = frames.reduce((sum, frame) => sum + frame.bytes.length, start);
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  out.set(new TextEncoder().encode("RSPK"));
  view.setUint16(4, 1, true);
  view.setUint32(8, frames.length, true);
  let offset = start;
  frames.forEach(({ index, bytes }, number) => {
    view.setUint32(12 + 8 * number, index, true);
    view.setUint32(16 + 8 * number, bytes.length, true);
    out.set(bytes, offset);
    offset += bytes.length;
  });
  return out;
}

const geometry = {
  rows: 1,
  columns: 2,
  frames: 3,
  dtype: "int16",
  positions_mm: [],
} as unknown as Geometry;
const series = { id: "s1", frames: 3, bytes: 0, geometry } as unknown as Series;
const int16 = (...values: number[]): Uint8Array => new Uint8Array(new Int16Array(values).buffer);
const PACK = pack([
  { index: 1, bytes: int16(-5, 7) },
  { index: 2, bytes: int16(20, 21) },
  { index: 0, bytes: int16(0, 32767) },
]);

describe("parser", () => {
  test.each([1, 3, 7, 13, 1000])("frames come out whole however the bytes arrive (%i at a time)", (size) => {
    const parser = new PackParser(PACK.length);
    const got: [number, number[]][] = [];
    for (let at = 0; at < PACK.length; at += size) {
      for (const frame of parser.feed(PACK.subarray(at, at + size))) {
        got.push([frame.index, [...samplesOf(frame, geometry)]]);
      }
    }
    parser.finish();
    expect(got).toEqual([
      [1, [-5, 7]],
      [2, [20, 21]],
      [0, [0, 32767]],
    ]);
  });

  test.each([1, 3, 7, 13, 1000])("frames are read to where they stay (%i bytes at a time)", (size) => {
    const parser = new PackParser(PACK.length);
    const got: [number, number[]][] = [];
    for (let at = 0; at < PACK.length; ) {
      const place = parser.room();
      const { byteOffset } = place;
      const part = PACK.subarray(at, at + Math.min(size, place.length));
      place.set(part);
      const moved = structuredClone(place.buffer, { transfer: [place.buffer] }); // as a browser does
      for (const frame of parser.take(new Uint8Array(moved, byteOffset, part.length))) {
        got.push([frame.index, [...samplesOf(frame, geometry)]]);
      }
      at += part.length;
    }
    parser.finish();
    expect(got).toEqual([
      [1, [-5, 7]],
      [2, [20, 21]],
      [0, [0, 32767]],
    ]);
  });

  test("bytes after the last frame are refused, wherever they were read to", () => {
    const parser = new PackParser(PACK.length);
    parser.feed(PACK);
    expect(() => parser.take(parser.room().subarray(0, 1))).toThrow(PackError);
  });

  test("a frame is given as soon as its last byte is here, not before", () => {
    const parser = new PackParser(PACK.length);
    const end = 40 + 4; // 12 + 3 * 8, padded to 40, and the first frame
    expect(parser.feed(PACK.subarray(0, end - 1))).toHaveLength(0);
    expect(parser.feed(PACK.subarray(end - 1, end))).toHaveLength(1);
  });

  const broken = (change: (view: DataView) => void): Uint8Array => {
    const copy = PACK.slice();
    change(new DataView(copy.buffer));
    return copy;
  };

  test.each([
    ["another magic", broken((view) => view.setUint8(0, 88))],
    ["another version", broken((view) => view.setUint16(4, 2, true))],
    ["an encoding that is not raw", broken((view) => view.setUint16(6, 1, true))],
    ["more frames than bytes", broken((view) => view.setUint32(8, 4_000_000, true))],
    ["a frame twice", broken((view) => view.setUint32(20, 1, true))],
    ["a frame beyond the series", broken((view) => view.setUint32(12, 3, true))],
    ["a length that is too long", broken((view) => view.setUint32(16, 400, true))],
    ["an empty frame", broken((view) => view.setUint32(16, 0, true))],
  ])("%s is refused", (_, bytes) => {
    expect(() => new PackParser(bytes.length).feed(bytes)).toThrow(PackError);
  });

  test("a pack that ends early is refused", () => {
    const parser = new PackParser(PACK.length);
    parser.feed(PACK.subarray(0, PACK.length - 1));
    expect(() => parser.finish()).toThrow(PackError);
  });

  test("more bytes than announced are refused", () => {
    const parser = new PackParser(PACK.length - 1);
    expect(() => parser.feed(PACK)).toThrow(PackError);
  });

  test("a frame of another size than the geometry's is refused", () => {
    expect(() => samplesOf({ index: 0, bytes: new ArrayBuffer(2) }, geometry)).toThrow(PackError);
  });
});

/** A server that sends the pack in two pieces, or refuses. */
function server(...answers: (Uint8Array | number | "cut" | "down")[]): typeof fetch {
  const rest = [...answers];
  return vi.fn(() => {
    const answer = rest.shift();
    if (answer === undefined || answer === "down") return Promise.reject(new TypeError("network"));
    if (typeof answer === "number") return Promise.resolve(new Response(null, { status: answer }));
    const bytes = answer === "cut" ? PACK.subarray(0, 46) : answer;
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.slice(0, 30));
        controller.enqueue(bytes.slice(30));
        if (answer === "cut") controller.error(new TypeError("network"));
        else controller.close();
      },
    });
    const headers = { "content-length": String(PACK.length) };
    return Promise.resolve(new Response(stream, { headers }));
  });
}

describe("loading", () => {
  test.each([undefined, "bytes"] as const)("a stream of kind %s, as browsers give it", async (type) => {
    const source = {
      start(controller: ReadableStreamController<Uint8Array<ArrayBuffer>>): void {
        controller.enqueue(PACK.slice(0, 30));
        controller.enqueue(PACK.slice(30));
        controller.close();
      },
    };
    const body = new ReadableStream(type ? { type, ...source } : source);
    const headers = { "content-length": String(PACK.length) };
    const send = (): Promise<Response> => Promise.resolve(new Response(body, { headers }));
    const frames = new SeriesFrames(series);
    await fetchPack("/pack", frames, new AbortController().signal, streamWith(send));
    expect([0, 1, 2].map((index) => [...(frames.at(index) ?? [])])).toEqual([
      [0, 32767],
      [-5, 7],
      [20, 21],
    ]);
  });

  test("who waits for a frame gets it when it is there", async () => {
    const frames = new SeriesFrames(series);
    const waiting = frames.wait(2);
    await fetchPack("/pack", frames, new AbortController().signal, streamWith(server(PACK)));
    expect([...(await waiting)]).toEqual([20, 21]);
    expect(frames.isComplete).toBe(true);
  });

  test("a refusal names its status", async () => {
    const frames = new SeriesFrames(series);
    const fetching = fetchPack("/pack", frames, new AbortController().signal, streamWith(server(404)));
    await expect(fetching).rejects.toEqual(new PackRefused(404));
  });
});

describe("library", () => {
  const wait = (): Promise<void> => Promise.resolve();
  const make = (send: typeof fetch, renewToken = () => Promise.resolve("new")): PackLibrary =>
    new PackLibrary({ onFrame: () => undefined, renewToken, stream: streamWith(send), wait });

  test("a connection that breaks in the middle is tried again, and no frame is counted twice", async () => {
    const library = make(server("cut", "down", PACK));
    const frames = library.load(series, "old");
    await library.settled(["s1"]);
    expect(frames.loaded).toBe(3);
  });

  test("an expired token is renewed", async () => {
    const send = server(404, PACK);
    const library = make(send);
    library.load(series, "old");
    await library.settled(["s1"]);
    const asked = vi.mocked(send).mock.calls.map(([address]) => address);
    expect(asked).toEqual([
      "/imaging/old/series/s1/pack?encoding=raw",
      "/imaging/new/series/s1/pack?encoding=raw",
    ]);
  });

  test("what was fetched for the next case is not fetched again when it opens", async () => {
    const send = server(PACK);
    const library = make(send);
    library.load(series, "prefetch");
    await library.settled(["s1"]);
    library.keepOnly(["s1"]);
    expect(library.load(series, "read").isComplete).toBe(true);
    expect(send).toHaveBeenCalledTimes(1);
  });

  test("after the last try who waits is told, and asking again tries again", async () => {
    const library = make(server("down", "down", "down", "down", PACK));
    const waiting = library.load(series, "t").wait(0);
    await expect(waiting).rejects.toThrow("network");
    await library.settled(["s1"]);
    library.load(series, "t");
    await library.settled(["s1"]);
    expect(library.frames("s1")?.isComplete).toBe(true);
  });

  test("series that no case needs are forgotten", () => {
    const library = make(server("down"));
    library.load(series, "t");
    library.keepOnly([]);
    expect(library.frames("s1")).toBeUndefined();
  });
});
