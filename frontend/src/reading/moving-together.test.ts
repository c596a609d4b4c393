// @vitest-environment jsdom
import { beforeEach, describe, expect, test, vi } from "vitest";

import type { Series, Vector } from "../api/types";
import type { Pane, ScreenPoint, Stage } from "../viewer/contract";
import { PlainPane } from "../viewer/plain-pane";
import { USUAL } from "./hanging";
import { panTogether, zoomTogether } from "./linking";
import { Viewing } from "./viewing";
import type { ViewingHost } from "./viewing-host";

const SQUARE = Math.SQRT1_2;
const here = (): Vector => [0, 0, 0];
const nowhere = (): null => null;
const close = (to: readonly number[]): unknown => to.map((each) => expect.closeTo(each, 6) as unknown);
const middle = (pane: Pane): Vector => pane.toPatient([200, 200]);

/** Panes of one patient: another scale, turned in its plane, and rebuilt across. */
function four(): [PlainPane, PlainPane, PlainPane, PlainPane] {
  return [
    new PlainPane({ id: "t1c", px_per_mm: 2 }),
    new PlainPane({ id: "flair", px_per_mm: 5, centre: [30, 0, 2] }),
    new PlainPane({ id: "t2", right: [SQUARE, SQUARE, 0], down: [-SQUARE, SQUARE, 0], centre: [0, 9, 1] }),
    new PlainPane({ id: "slab", right: [0, 1, 0], down: [0, 0, -1], cut: "sagittal" }),
  ];
}

describe("r1: linked panes are moved as far in the patient, each on its own screen", () => {
  test("by as many millimetres at another scale, and along the patient's axes where one is turned", () => {
    const [source, finer, turned, across] = four();
    panTogether([source, finer, turned, across], source, [40, -20], here);
    expect(middle(source)).toEqual(close([-20, 10, 0])); // 40 and 20 pixels of half a millimetre
    expect(middle(finer)).toEqual(close([30 - 20, 10, 2]));
    expect(middle(turned)).toEqual(close([-20, 9 + 10, 1]));
    expect(middle(across)).toEqual(close([0, 10, 0])); // what goes across it does not leaf
  });

  test("from whichever pane the hand is in", () => {
    const [source, finer] = four();
    panTogether([source, finer], finer, [50, 0], here);
    expect(middle(source)).toEqual(close([-10, 0, 0]));
    expect(middle(finer)).toEqual(close([20, 0, 2]));
  });

  test("over the shift of a prior; and not at all where nobody knows how they lie", () => {
    const [source, finer] = four();
    panTogether([source, finer], source, [10, 10], nowhere);
    expect([middle(source), middle(finer)]).toEqual([close([-5, -5, 0]), [30, 0, 2]]);
    panTogether([source, finer], source, [10, 10], () => [100, 100, 100]);
    expect(middle(finer)).toEqual(close([25, -5, 2]));
  });

  test("what lies under the hand stays there in every pane as they are enlarged", () => {
    const [source, finer] = four();
    const about: ScreenPoint = [260, 140];
    const point = source.toPatient(about);
    const before = finer.toScreen(point);
    zoomTogether([source, finer], source, 1.5, about, here);
    expect(source.toScreen(point)).toEqual(close(about));
    expect(finer.toScreen(point)).toEqual(close(before));
    expect([source, finer].map((pane) => pane.view().px_per_mm)).toEqual(close([3, 7.5]));
  });
});

const log = vi.fn();
const host = { shapes: () => [], canRebuild: () => Promise.resolve(true), log, keptLink: () => null, painted: () => undefined } as unknown as ViewingHost;

async function opened(panes: readonly PlainPane[]): Promise<Viewing> {
  const stage = { panes, arrange: () => Promise.resolve() } as unknown as Stage;
  const made = new Viewing(stage, host);
  vi.spyOn(made.seats, "filled").mockResolvedValue();
  await made.open(panes.map(({ series }) => series), { ...USUAL, layout: "two" });
  log.mockClear();
  return made;
}

describe("r1: what the link ties", () => {
  beforeEach(() => void log.mockClear());

  test("a pan of one pane moves both, and is one event; unlinked it moves that one", async () => {
    const [one, other] = four();
    const viewing = await opened([one, other]);
    viewing.pan(0, 20, 0);
    expect([middle(one)[0], middle(other)[0]]).toEqual(close([-10, 20]));
    viewing.toggleLink();
    viewing.pan(0, 20, 0);
    expect([middle(one)[0], middle(other)[0]]).toEqual(close([-20, 20]));
    expect(log.mock.calls.map(([kind]) => kind as string)).toEqual(["pan", "link", "pan"]);
  });

  test("linked again, the others come to the active pane's slice at once", async () => {
    const [one, other] = four();
    const viewing = await opened([one, other]);
    viewing.toggleLink();
    const stood = other.view().plane.point;
    viewing.scrollTo(0, 5);
    expect(other.view().plane.point).toEqual(stood);
    viewing.toggleLink();
    expect(other.view().plane.point).not.toEqual(stood);
  });

  test("a protocol that does not link panning leaves it to each pane", async () => {
    const [one, other] = four();
    const viewing = await opened([one, other]);
    await viewing.open([one.series, other.series] as Series[], { ...USUAL, linked: ["position", "zoom"] });
    const before = middle(other)[0];
    viewing.pan(0, 20, 0);
    expect(middle(other)[0]).toBeCloseTo(before, 6);
  });
});

describe("r1: the linked cursor", () => {
  test("lies at one point of the patient in every pane, wherever the pointer is", async () => {
    const [one, other] = four();
    const viewing = await opened([one, other]);
    viewing.toggleCross();
    viewing.pointer.hover(1, [300, 250]);
    const point = viewing.cross_mm.value ?? [0, 0, 0];
    expect(other.toScreen(point)).toEqual(close([300, 250]));
    expect(point).toEqual(close(other.toPatient([300, 250])));
    viewing.pointer.hover(0, [120, 80]);
    expect(one.toScreen(viewing.cross_mm.value ?? [0, 0, 0])).toEqual(close([120, 80]));
  });

  test("a click leads every pane to the slice of that point; without the crosshair it does not", async () => {
    const [one, other] = four();
    const viewing = await opened([one, other]);
    viewing.pointer.choose("pan");
    other.goToPoint([0, 0, 17]);
    viewing.pointer.click(1, [300, 250], "fine");
    expect(middle(one)[2]).not.toBeCloseTo(17, 6);
    viewing.toggleCross();
    viewing.pointer.click(1, [300, 250], "fine");
    expect([middle(one)[2], middle(other)[2]]).toEqual(close([17, 17]));
    expect(viewing.cross_mm.value).toEqual(close(other.toPatient([300, 250])));
  });

  test("comes along through the slices that are leafed, and is gone when it is put away", async () => {
    const viewing = await opened(four().slice(0, 2));
    viewing.toggleCross();
    viewing.pointer.hover(0, [120, 80]);
    viewing.scrollTo(0, 12);
    expect(viewing.cross_mm.value).toEqual(close([-40, -60, 12]));
    viewing.toggleCross();
    expect(viewing.cross_mm.value).toBeNull();
    viewing.pointer.hover(0, [100, 100]);
    expect(viewing.cross_mm.value).toBeNull();
  });
});
