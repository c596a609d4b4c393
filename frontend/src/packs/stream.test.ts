import { expect, test, vi } from "vitest";

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
