import { expect, test } from "vitest";

import { Meter, type Heard } from "./meter";

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

/** What a page is told of its line by what has come, in bytes, when. */
function told(...arrivals: readonly (readonly [ms: number, bytes: number])[]): Heard[] {
  let now = 0;
  const heard: Heard[] = [];
  const meter = new Meter(() => now, (each) => void heard.push(each));
  meter.begin();
  for (const [ms, bytes] of arrivals) {
    now = ms;
    meter.arrived(bytes);
  }
  return heard;
}

test("the line of a page is told of once, when a quarter of a second has brought a megabyte", () => {
  expect(told([0, 0], [150, 0.5e6], [200, 0.2e6], [240, 0.2e6])).toEqual([]);
  expect(told([0, 0], [150, 0.5e6], [200, 0.2e6], [250, 0.3e6], [300, 9e6])).toEqual([
    { bytes: 1e6, ms: 250, decodedBytes: 0, decodingMs: 0 },
  ]);
});

test("a fast line that stalled at first is told by how it comes since", () => {
  const stalled = [[0, 0], [170, 0.5e6], [220, 3e6], [275, 3e6]] as const; // 24 MB a second in all
  expect(told(...stalled)).toEqual([expect.objectContaining({ bytes: 3e6, ms: 55 })]);
  const forLong = [[0, 0], [600, 0.1e6], [655, 3e6], [710, 3.3e6]] as const;
  expect(told(...forLong)).toEqual([expect.objectContaining({ bytes: 3e6, ms: 55 })]);
});

test("what a slow line brought while the page was busy is no fast line", () => {
  const burst = [[0, 0], [180, 0.1e6], [185, 2e6], [231, 0.7e6], [283, 0.65e6]] as const; // 12 MB a second
  expect(told(...burst)).toEqual([expect.objectContaining({ bytes: 3.45e6, ms: 283 })]);
});
