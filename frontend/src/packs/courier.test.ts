import { describe, expect, test, vi } from "vitest";

import { Courier, type Asked, type Told } from "./courier";
import { PackError } from "./parser";
import { PackRefused } from "./stream";

/** A worker whose answers the test gives. */
class Puppet {
  onmessage: ((event: { data: Told }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly asked: Asked[] = [];
  readonly terminate = vi.fn();
  postMessage = (asked: Asked): void => void this.asked.push(asked);
  tells = (data: Told): void => this.onmessage?.({ data });
}

function make(): { courier: Courier; puppets: Puppet[]; stop: AbortController } {
  const puppets: Puppet[] = [];
  const courier = new Courier(() => {
    puppets.push(new Puppet());
    return puppets.at(-1) as unknown as Worker;
  });
  return { courier, puppets, stop: new AbortController() };
}

const frames = [{ index: 1, bytes: new ArrayBuffer(4) }];

describe("courier", () => {
  test("frames are handed on, and two packs share a worker without being mixed up", async () => {
    const { courier, puppets, stop } = make();
    const [first, second] = [vi.fn(), vi.fn()];
    const done = courier.stream("/a", 8, stop.signal, first);
    void courier.stream("/b", 8, stop.signal, second);
    const [puppet] = puppets;
    expect(puppet?.asked.map((each) => "id" in each ? each.id : null)).toEqual([1, 2]);
    puppet?.tells({ kind: "frames", id: 1, frames });
    puppet?.tells({ kind: "done", id: 1 });
    await done;
    expect(first).toHaveBeenCalledWith(frames);
    expect(second).not.toHaveBeenCalled();
    expect(puppets).toHaveLength(1);
  });

  test.each([
    ["PackRefused", 404, new PackRefused(404)],
    ["PackError", 0, new PackError("no")],
    ["TypeError", 0, new TypeError("no")],
  ])("a %s in the worker is one on the page", async (name, status, reason) => {
    const { courier, puppets, stop } = make();
    const fetching = courier.stream("/a", 8, stop.signal, vi.fn());
    puppets[0]?.tells({ kind: "failed", id: 1, name, message: "no", status });
    await expect(fetching).rejects.toEqual(reason);
  });

  test("what no case needs is stopped in the worker, too", async () => {
    const { courier, puppets, stop } = make();
    const onFrames = vi.fn();
    const fetching = courier.stream("/a", 8, stop.signal, onFrames);
    stop.abort();
    await expect(fetching).rejects.toThrow();
    expect(puppets[0]?.asked.at(-1)).toEqual({ kind: "stop", id: 1 });
    puppets[0]?.tells({ kind: "frames", id: 1, frames }); // was on its way
    expect(onFrames).not.toHaveBeenCalled();
  });

  test("what was stopped before it began is not fetched", async () => {
    const { courier, puppets, stop } = make();
    stop.abort();
    await expect(courier.stream("/a", 8, stop.signal, vi.fn())).rejects.toThrow();
    expect(puppets).toEqual([]);
  });

  test("frames that do not fit the series end the fetching", async () => {
    const { courier, puppets, stop } = make();
    const fetching = courier.stream("/a", 8, stop.signal, () => {
      throw new PackError("Frame 1 has 4 bytes.");
    });
    puppets[0]?.tells({ kind: "frames", id: 1, frames });
    await expect(fetching).rejects.toThrow(PackError);
    expect(puppets[0]?.asked.at(-1)).toEqual({ kind: "stop", id: 1 });
  });

  test("a worker that dies fails what it fetched; the next try has another", async () => {
    const { courier, puppets, stop } = make();
    const fetching = courier.stream("/a", 8, stop.signal, vi.fn());
    puppets[0]?.onerror?.();
    await expect(fetching).rejects.toThrow(TypeError);
    void courier.stream("/a", 8, stop.signal, vi.fn());
    expect(puppets).toHaveLength(2);
  });

  test("what the worker measured is handed on, and it fetches what decodes when told so", () => {
    const puppet = new Puppet();
    const onHeard = vi.fn();
    const courier = new Courier(() => puppet as unknown as Worker, onHeard);
    courier.start();
    expect(puppet.asked).toEqual([]);
    courier.start(true);
    expect(puppet.asked).toEqual([{ kind: "prepare" }]);
    const heard = { bytes: 8, ms: 2, decodedBytes: 0, decodingMs: 0 };
    puppet.tells({ kind: "heard", heard });
    expect(onHeard).toHaveBeenCalledWith(heard);
  });

  test("a decoder that does not come back from a frame costs its series, and no other", async () => {
    vi.useFakeTimers();
    const { courier, puppets, stop } = make();
    const held = courier.stream("/a", 8, stop.signal, vi.fn()).catch((error: unknown) => error);
    const other = courier.stream("/b", 8, stop.signal, vi.fn()).catch((error: unknown) => error);
    puppets[0]?.tells({ kind: "decoding", id: 1 });
    vi.advanceTimersByTime(15_000);
    puppets[0]?.tells({ kind: "decoding", id: 1 }); // a slow machine's next frame
    vi.advanceTimersByTime(15_000);
    expect(puppets[0]?.terminate).not.toHaveBeenCalled();
    vi.advanceTimersByTime(15_000);
    expect(puppets[0]?.terminate).toHaveBeenCalledOnce();
    expect(await held).toBeInstanceOf(PackError);
    expect(await other).toBeInstanceOf(TypeError); // which is tried again
    void courier.stream("/c", 8, stop.signal, vi.fn());
    expect(puppets).toHaveLength(2);
    vi.useRealTimers();
  });

  test("where no worker can be had the page goes on, and each fetch fails until one can", async () => {
    const puppet = new Puppet();
    let mayStart = false;
    const courier = new Courier(() => {
      if (!mayStart) throw new DOMException("No worker here.", "SecurityError");
      return puppet as unknown as Worker;
    });
    expect(() => courier.start()).not.toThrow();
    const first = new AbortController();
    await expect(courier.stream("/a", 8, first.signal, vi.fn())).rejects.toThrow("No worker here.");
    mayStart = true;
    first.abort(); // there is nothing to stop
    expect(puppet.asked).toEqual([]);
    const fetching = courier.stream("/a", 8, new AbortController().signal, vi.fn());
    puppet.tells({ kind: "done", id: 2 });
    await expect(fetching).resolves.toBeUndefined();
  });
});
