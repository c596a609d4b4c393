import { beforeEach, expect, test } from "vitest";

import type { Vector } from "../api/types";
import { cross } from "../geometry/vectors";
import type { Pane } from "../viewer/contract";
import { alignTogether } from "./linking";

/** Where panes were sent, by their series. */
const sent = new Map<string, Vector>();

function pane(id: string, row: Vector, column: Vector, cut = "acquired"): Pane {
  const plane = { point: [3, 4, 5], normal: cross(row, column), thickness_mm: 1 };
  const goToPoint = (point: Vector): unknown => sent.set(id, point);
  const series = { id, geometry: { row_cosine: row, column_cosine: column } };
  return { series, cut, view: () => ({ plane }), goToPoint } as unknown as Pane;
}

const axial = pane("t1c", [1, 0, 0], [0, 1, 0]);
const sagittal = pane("t1", [0, 1, 0], [0, 0, -1]);

beforeEach(() => sent.clear());

const here = (): Vector => [0, 0, 0];

test("panes that cut alike follow, also thicker, tilted and turned ones", () => {
  const tilted = pane("t2", [1, 0, 0], [0, Math.cos(0.3), Math.sin(0.3)]);
  const turned = pane("flair", [0, 1, 0], [1, 0, 0]);
  const rebuilt = pane("slab", [1, 0, 0], [0, 1, 0], "axial");
  alignTogether([axial, tilted, turned, rebuilt], axial, here);
  const there = [3, 4, 5];
  expect(Object.fromEntries(sent)).toEqual({ t2: there, flair: there, slab: there });
});

test("a series of another orientation stays at the slice that the reader chose", () => {
  alignTogether([axial, sagittal], axial, here);
  alignTogether([axial, sagittal], sagittal, here);
  expect(sent.size).toBe(0);
});
