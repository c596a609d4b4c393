import { expect, test } from "vitest";

import type { Viewing } from "./viewing";
import { viewIn } from "./where";

const at = (pane: number, ...views: unknown[]): Viewing =>
  ({
    active: { peek: () => pane },
    at: (each: number) => (views[each] ? { view: () => views[each] } : undefined),
  }) as unknown as Viewing;
const T1C = { series: { id: "t1c" }, slice: 84, cut: "acquired" };
const PLANE = { series: { id: "t1c" }, slice: 12, cut: "sagittal" };

test("r7: where the reader looks is the active pane's place, series and slice; of a rebuilt one, its plane", () => {
  expect(viewIn(at(0, T1C, PLANE))).toEqual({ view: { pane: 0, series: "t1c", slice: 84 } });
  expect(viewIn(at(1, T1C, PLANE))).toEqual({ view: { pane: 1, series: "t1c", slice: 12, cut: "sagittal" } });
});

test("nothing is told where no picture shows yet", () => {
  expect(viewIn(null)).toEqual({});
  expect(viewIn(at(2, T1C))).toEqual({});
  expect(viewIn(at(0, { ...T1C, slice: NaN }))).toEqual({});
});
