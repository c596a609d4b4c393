import { expect, test, vi } from "vitest";

import type { Decode } from "./jpegls";
import { PackError } from "./parser";
import { streamWith } from "./stream";

const NO_PACK = new TextEncoder().encode("<!doctype html><p>Sign in</p>");
const LONG = 80_000_000;

test.each(["bytes", undefined] as const)(
  "the rest of what is no pack need not come (a stream of %s)",
  async (type) => {
    const cancel = vi.fn();
    const start = (control: ReadableStreamController<unknown>): void => {
      (control as ReadableByteStreamController).enqueue(NO_PACK.slice()); // and more would follow
    };
    const source = { type, start, cancel } as UnderlyingByteSource;
    const response = new Response(new ReadableStream(source));
    const stream = streamWith(() => Promise.resolve(response));
    const fetching = stream("/a", LONG, new AbortController().signal, vi.fn());
    await expect(fetching).rejects.toThrow(PackError);
    expect(cancel).toHaveBeenCalledOnce();
  },
);

/** A pack of two frames of one byte each, as docs/architecture.md says. */
function pack(encoding: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(34);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("RSPK"));
  [[4, 1], [6, encoding]].forEach(([at = 0, value = 0]) => view.setUint16(at, value, true));
  [[8, 2], [12, 1], [16, 1], [20, 0], [24, 1]].forEach(([at = 0, value = 0]) => view.setUint32(at, value, true));
  bytes.set([7, 9], 32);
  return bytes;
}

const answered = (encoding: number) => (): Promise<Response> =>
  Promise.resolve(new Response(pack(encoding), { headers: { "content-length": "34" } }));
const doubled: Decode = ({ index, bytes }) => ({ index, bytes: new Uint8Array([...new Uint8Array(bytes), 0]).buffer });

async function fetched(encoding: number, load?: () => Promise<Decode>): Promise<[number, number][]> {
  const found: [number, number][] = [];
  const stream = streamWith(answered(encoding), load);
  await stream("/a", 34, new AbortController().signal, (frames) => {
    for (const { index, bytes } of frames) found.push([index, bytes.byteLength]);
  });
  return found;
}

test("of a raw pack nothing is decoded, and nothing that decodes is loaded", async () => {
  const load = vi.fn<() => Promise<Decode>>();
  expect(await fetched(0, load)).toEqual([[1, 1], [0, 1]]);
  expect(load).not.toHaveBeenCalled();
});

test.each([2, 3])("frames of encoding %i are decoded, in their order", async (encoding) => {
  const decode = vi.fn(doubled);
  expect(await fetched(encoding, () => Promise.resolve(decode))).toEqual([[1, 2], [0, 2]]);
  expect(decode.mock.calls.map((call) => call[1])).toEqual([encoding, encoding]);
});

test.each([
  [1, "is kept for HTJ2K, which nothing decodes", undefined],
  [2, "needs a decoder", undefined],
  [2, "whose decoder cannot be had", () => Promise.reject(new TypeError("no network"))],
])("a pack of encoding %i that %s is a broken one", async (encoding, _, load) => {
  await expect(fetched(encoding, load)).rejects.toThrow(PackError);
});
