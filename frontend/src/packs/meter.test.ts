import { expect, test, vi } from "vitest";

import { Meter } from "./meter";

const FRAME = { bytes: new ArrayBuffer(100) };

test("packs that are fetched at once share line and decoder: they are measured together", () => {
  let now = 0;
  const at = (ms: number): void => void (now = ms);
  const meter = new Meter(() => now);
  meter.begin();
  meter.begin();
  at(1000); // what the server thought about is not the line's
  meter.arrived(10);
  at(1005);
  expect(meter.decoding(() => (at(1025), FRAME))).toBe(FRAME);
  at(1030);
  meter.arrived(20);
  expect(meter.end()).toBeNull();
  at(1100);
  meter.arrived(30);
  at(5000);
  expect(meter.end()).toEqual({ bytes: 60, ms: 100, decodedBytes: 100, decodingMs: 20 });
});

test("what comes later is measured anew", () => {
  let now = 7;
  const meter = new Meter(() => now);
  meter.begin();
  meter.arrived(10);
  meter.end();
  now = 900;
  meter.begin();
  meter.arrived(5);
  now = 950;
  meter.arrived(5);
  expect(meter.end()).toEqual({ bytes: 10, ms: 50, decodedBytes: 0, decodingMs: 0 });
});

test("what stalled for a moment at first is not taken for a slow line", () => {
  let now = 0;
  const told = vi.fn();
  const meter = new Meter(() => now, told);
  meter.begin();
  meter.arrived(0);
  now = 160; // 12 MB a second, as it looks
  meter.arrived(2_000_000);
  expect(told).not.toHaveBeenCalled();
  now = 260;
  meter.arrived(48_000_000);
  expect(told).toHaveBeenCalledWith(expect.objectContaining({ bytes: 48e6, ms: 100 }));
});

test("what stalled for longer is judged by how it comes by now", () => {
  let now = 0;
  const told = vi.fn();
  const meter = new Meter(() => now, told);
  meter.begin();
  meter.arrived(0);
  now = 160;
  meter.arrived(500_000);
  now = 260; // 25 MB a second in all, 60 since
  meter.arrived(6_000_000);
  expect(told).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ bytes: 6e6, ms: 100 }));
});

test("the line of a page is told of once, as soon as a quarter of a second brought a megabyte", () => {
  let now = 0;
  const told = vi.fn();
  const meter = new Meter(() => now, told);
  meter.begin();
  meter.arrived(0);
  now = 240;
  meter.arrived(600_000);
  expect(told).not.toHaveBeenCalled();
  now = 250;
  meter.arrived(400_000);
  meter.arrived(400_000);
  expect(told.mock.calls).toEqual([[{ bytes: 1e6, ms: 250, decodedBytes: 0, decodingMs: 0 }]]);
});
