import { beforeEach, expect, test } from "vitest";

import type { Series, Vector } from "../api/types";
import type { Pane } from "../viewer/contract";
import { alignTogether } from "./linking";

/** Where panes were sent, by their series. */
const sent = new Map<string, Vector>();

function pane(id: string, normal: Vector): Pane {
  const plane = { point: [3, 4, 5], normal, thickness_mm: 1 };
  const goToPoint = (point: Vector): unknown => sent.set(id, point);
  return { series: { id }, view: () => ({ plane }), goToPoint } as unknown as Pane;
}

beforeEach(() => sent.clear());

const here = (): Vector => [0, 0, 0];

test("panes that cut alike follow, also thicker, tilted and turned ones", () => {
  const axial = pane("t1c", [0, 0, 1]);
  const tilted = pane("t2", [0, Math.sin(0.3), Math.cos(0.3)]);
  const reversed = pane("flair", [0, 0, -1]);
  alignTogether([axial, tilted, reversed], axial, here);
  expect(Object.fromEntries(sent)).toEqual({ t2: [3, 4, 5], flair: [3, 4, 5] });
});

test("a series of another orientation stays at the slice that the reader chose", () => {
  const axial = pane("t1c", [0, 0, 1]);
  const sagittal = pane("t1", [1, 0, 0]);
  alignTogether([axial, sagittal], axial, here);
  alignTogether([axial, sagittal], sagittal, here);
  expect(sent.size).toBe(0);
});

test("a prior follows by the shift that the reader set, and not without one", () => {
  const current = pane("t1c", [0, 0, 1]);
  const [prior, unlinked] = [pane("prior", [0, 0, 1]), pane("other", [0, 0, 1])];
  const between = (_: Series, to: Series): Vector | null => (to.id === "prior" ? [0, 0, 2] : null);
  alignTogether([current, prior, unlinked], current, between);
  expect(Object.fromEntries(sent)).toEqual({ prior: [3, 4, 7] });
});
