import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { PackFrame } from "./parser";
import { Sheaf } from "./sheaf";

const frame = (index: number): PackFrame => ({ index, bytes: new ArrayBuffer(2) });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("the first frame is sent at once, those after it together, in their order", () => {
  const sent: number[][] = [];
  const sheaf = new Sheaf((frames) => sent.push(frames.map((each) => each.index)));
  sheaf.put([frame(7)]);
  expect(sent).toEqual([[7]]);
  sheaf.put([frame(8)]);
  sheaf.put([frame(6), frame(9)]);
  expect(sent).toEqual([[7]]);
  vi.advanceTimersByTime(20);
  expect(sent).toEqual([[7], [8, 6, 9]]);
  vi.advanceTimersByTime(100);
  expect(sent).toHaveLength(2);
});

test("what waits is sent before the end is told, and only once", () => {
  const sent: number[][] = [];
  const sheaf = new Sheaf((frames) => sent.push(frames.map((each) => each.index)));
  sheaf.put([frame(1)]);
  sheaf.put([frame(2)]);
  sheaf.flush();
  sheaf.flush();
  vi.advanceTimersByTime(100);
  expect(sent).toEqual([[1], [2]]);
});

test("no frames make no message", () => {
  const send = vi.fn();
  const sheaf = new Sheaf(send);
  sheaf.put([]);
  sheaf.flush();
  expect(send).not.toHaveBeenCalled();
});
