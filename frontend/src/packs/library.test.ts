import { describe, expect, test, vi, type Mock } from "vitest";

import type { Series } from "../api/types";
import type { PackEncoding } from "./line";
import { PackLibrary } from "./library";
import { PackError } from "./parser";
import { PackRefused, type StreamPack } from "./stream";

const SERIES = { id: "t1c", frames: 0, bytes: 8, geometry: {} } as unknown as Series;

function make(refusal: Error): {
  library: PackLibrary;
  stream: ReturnType<typeof vi.fn>;
  renewToken: Mock<() => Promise<string>>;
  goOn: () => void;
} {
  const stream = vi.fn().mockRejectedValue(refusal);
  const renewToken = vi.fn<() => Promise<string>>().mockResolvedValue("fresh");
  let goOn = (): void => undefined;
  const wait = (): Promise<void> => new Promise((resolve) => (goOn = resolve));
  const library = new PackLibrary({ onFrame: () => undefined, renewToken, stream, wait });
  return { library, stream, renewToken, goOn: () => goOn() };
}

/** Let what is promised come about. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe("a series that no case needs any more", () => {
  test("is not asked for again once the wait before the next try is over", async () => {
    const { library, stream, renewToken, goOn } = make(new PackRefused(404));
    library.load(SERIES, "token");
    await settle();
    library.keepOnly([]);
    goOn();
    await settle();
    expect([stream.mock.calls.length, renewToken.mock.calls.length]).toEqual([1, 0]);
  });

  test("nor when it is dropped while its token is renewed", async () => {
    const { library, stream, renewToken, goOn } = make(new PackRefused(404));
    renewToken.mockImplementation(() => {
      library.keepOnly([]);
      return Promise.resolve("fresh");
    });
    library.load(SERIES, "token");
    await settle();
    goOn();
    await settle();
    expect([stream.mock.calls.length, renewToken.mock.calls.length]).toEqual([1, 1]);
  });

  test("leaves a later fetch of the same series alone", async () => {
    const { library, stream, goOn } = make(new TypeError("no network"));
    library.load(SERIES, "token");
    await settle();
    library.keepOnly([]);
    stream.mockResolvedValue(undefined);
    const again = library.load(SERIES, "token");
    goOn();
    await settle();
    expect(library.frames("t1c")).toBe(again);
  });

  test("while it is needed it is tried again, with a fresh token", async () => {
    const { library, stream, goOn } = make(new PackRefused(404));
    const frames = library.load(SERIES, "token");
    await settle();
    stream.mockResolvedValue(undefined);
    goOn();
    await settle();
    expect(stream).toHaveBeenCalledTimes(2);
    expect(stream.mock.calls[1]?.[0]).toContain("fresh");
    expect(library.frames("t1c")).toBe(frames);
  });
});

describe("a series that is there compressed, too", () => {
  const both = { ...SERIES, encodings: ["raw", "jpeg-ls"] };
  const choose = vi.fn<(offered: readonly string[]) => PackEncoding>(() => "jpeg-ls");
  const asked = (stream: Mock): string[] =>
    stream.mock.calls.map(([address]) => String(address).replace(/.*encoding=/, ""));

  function library(stream: Mock): PackLibrary {
    const renewToken = (): Promise<string> => Promise.resolve("fresh");
    const wait = (): Promise<void> => Promise.resolve();
    const onFrame = (): void => undefined;
    return new PackLibrary({ onFrame, renewToken, stream: stream as StreamPack, choose, wait });
  }

  test("is asked for as the line wants it", async () => {
    const stream = vi.fn().mockResolvedValue(undefined);
    library(stream).load(both, "token");
    await settle();
    expect(asked(stream)).toEqual(["jpeg-ls"]);
    expect(choose).toHaveBeenLastCalledWith(["raw", "jpeg-ls"]);
  });

  test("is asked for raw where it cannot be decoded, at once", async () => {
    const stream = vi.fn().mockRejectedValueOnce(new PackError("Frame 3 cannot be decoded."));
    const frames = library(stream.mockResolvedValue(undefined)).load(both, "token");
    await settle();
    expect(asked(stream)).toEqual(["jpeg-ls", "raw"]);
    expect(frames.isComplete).toBe(true);
  });

  test("fails where the raw one is broken, too", async () => {
    const stream = vi.fn().mockRejectedValue(new PackError("The pack ended early."));
    const frames = library(stream).load(both, "token");
    await settle();
    expect(asked(stream)).toEqual(["jpeg-ls", "raw"]);
    await expect(frames.wait(0)).rejects.toThrow(PackError);
  });

  test("is asked for anew once the line is known to be slow, and what came stays", async () => {
    const stream = vi.fn(
      (_: string, __: number, signal: AbortSignal) =>
        new Promise<void>((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
        }),
    );
    choose.mockReturnValue("raw");
    const made = library(stream);
    const long = { ...both, frames: 9 };
    made.load({ ...long, id: "slow" }, "token");
    const nearlyHere = made.load({ ...long, id: "nearly" }, "token");
    nearlyHere.loaded = 5;
    made.reconsider(); // it is fast: all goes on
    choose.mockReturnValue("jpeg-ls");
    made.reconsider();
    made.reconsider();
    await settle();
    expect(asked(stream as unknown as Mock)).toEqual(["raw", "raw", "jpeg-ls"]);
  });

  test("is asked for again as before where the network failed", async () => {
    const stream = vi.fn().mockRejectedValueOnce(new TypeError("no network"));
    library(stream.mockResolvedValue(undefined)).load(both, "token");
    await settle();
    expect(asked(stream)).toEqual(["jpeg-ls", "jpeg-ls"]);
  });
});
