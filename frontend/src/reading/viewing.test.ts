// @vitest-environment jsdom
import { beforeEach, describe, expect, test, vi } from "vitest";

import type { Series, Vector } from "../api/types";
import type { Pane, PaneRequest, Stage } from "../viewer/contract";
import { USUAL } from "./hanging";
import { Viewing } from "./viewing";
import type { ViewingHost } from "./viewing-host";

const SERIES = { id: "t1c", role: "t1c", geometry: { frame_of_reference: "now", row_cosine: [1, 0, 0], column_cosine: [0, 1, 0], window: [40, 80], presets: { narrow: [35, 10] } } } as unknown as Series;
const led = vi.fn<(point: Vector) => void>();
let slice = 4;
let isInverted = false;
let isWhole = true;
let window: readonly [number, number] = [40, 80];
const arranged = vi.fn<(window: readonly [number, number] | undefined) => void>();
const pane = {
  series: SERIES,
  cut: "acquired",
  view: () => ({ series: SERIES, cut: "acquired", slice, slices: 9, window, isInverted, slab_mm: 0, plane: { point: [0, 0, slice], normal: [0, 0, 1], thickness_mm: 1 } }),
  goTo: (next: number) => (slice = next),
  goToPoint: led,
  setWindow: (...to: [number, number]) => (window = to),
  setInverted: (is: boolean) => (isInverted = is),
  setSlab: () => undefined,
  fit: () => (isWhole = true),
} as unknown as Pane;
let comes = (): Promise<boolean> => Promise.resolve(true);
const host = { shapes: () => [], canRebuild: () => comes(), log: () => undefined, keptLink: () => null, painted: () => undefined } as unknown as ViewingHost;
const stage = {
  panes: [pane],
  /** Made anew, as another plane is. */
  arrange: ([request]: readonly PaneRequest[]) => {
    arranged(request?.window);
    isInverted = false;
    return Promise.resolve();
  },
} as unknown as Stage;
/** As a stage does with panes that stay as they are: they keep their view. */
const keeping = { panes: [pane], arrange: () => Promise.resolve() } as unknown as Stage;

async function opened(on = stage): Promise<Viewing> {
  const made = new Viewing(on, host);
  vi.spyOn(made.seats, "filled").mockResolvedValue();
  vi.spyOn(made.seats, "hostOf").mockReturnValue(document.createElement("div"));
  await made.open([SERIES], USUAL);
  return made;
}

beforeEach(() => {
  [slice, isInverted, isWhole, window] = [4, false, true, [40, 80]];
  comes = () => Promise.resolve(true);
  led.mockClear();
  arranged.mockClear();
});

describe("r1: three planes open where the reader was led, by a list or a key", () => {
  test("through that place, and their crosshair lies there", async () => {
    const viewing = await opened();
    viewing.jump([10, 20, 4]);
    await viewing.setLayout("planes");
    expect(led).toHaveBeenLastCalledWith([10, 20, 4]);
    expect(viewing.cross_mm.value).toEqual([10, 20, 4]);
  });

  test("on the slice that they have leafed to since", async () => {
    const viewing = await opened();
    viewing.jump([10, 20, 4]);
    viewing.scrollTo(0, 9);
    await viewing.setLayout("planes");
    expect(led).toHaveBeenLastCalledWith([10, 20, 9]);
  });

  test("of another case nothing is kept: through the middle of the slice that shows", async () => {
    const viewing = await opened();
    viewing.jump([10, 20, 4]);
    await viewing.open([SERIES], USUAL);
    await viewing.setLayout("planes");
    expect(viewing.cross_mm.value).toEqual([0, 0, 4]);
  });
});

describe("r1: a window that the reader chose", () => {
  test("follows into another layout, inverted or not, and not into another case", async () => {
    const viewing = await opened();
    expect(arranged).toHaveBeenLastCalledWith([40, 80]);
    viewing.pane?.setWindow(30, 25);
    viewing.invert();
    await viewing.setLayout("planes");
    expect(arranged).toHaveBeenLastCalledWith([30, 25]);
    expect(isInverted).toBe(true);
    await viewing.open([SERIES], USUAL);
    expect(arranged).toHaveBeenLastCalledWith([40, 80]);
    expect(isInverted).toBe(false);
  });

  test("is gone when the same series open again: a second half, or a case that was taken over", async () => {
    const viewing = await opened(keeping);
    const { pane } = viewing;
    if (pane) viewing.painted(0, pane.view());
    viewing.pane?.setWindow(30, 25);
    viewing.invert();
    viewing.scrollTo(0, 7);
    isWhole = false; // enlarged
    await viewing.open([SERIES], { ...USUAL, window: "narrow" });
    expect({ window, isInverted, slice, isWhole }).toEqual({
      window: [35, 10],
      isInverted: false,
      slice: 4,
      isWhole: true,
    });
  });
});

describe("r1: planes whose code is on its way", () => {
  let arrive: ((isHere: boolean) => void)[] = [];

  async function asked(): Promise<Viewing> {
    arrive = [];
    const viewing = await opened();
    comes = () => new Promise((resolve) => void arrive.push(resolve));
    void viewing.setLayout("planes");
    arranged.mockClear();
    return viewing;
  }
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

  test("show once it is here; until then all stays as it is", async () => {
    const viewing = await asked();
    await settle();
    expect([viewing.layout.value, arranged.mock.calls.length]).toEqual(["one", 0]);
    arrive[0]?.(true);
    await settle();
    expect([viewing.layout.value, arranged.mock.calls.length]).toEqual(["planes", 1]);
  });

  test("show once, however often they were asked for meanwhile", async () => {
    const viewing = await asked();
    void viewing.setLayout("planes");
    arrive.forEach((each) => each(true));
    await settle();
    expect([viewing.layout.value, arranged.mock.calls.length]).toEqual(["planes", 1]);
  });

  test("are not shown after another layout, thickness or case was asked for", async () => {
    for (const go of [
      (viewing: Viewing) => viewing.setLayout("two"),
      (viewing: Viewing) => viewing.setLayout(viewing.layout.value),
      (viewing: Viewing) => viewing.setSlab(0),
      (viewing: Viewing) => viewing.open([SERIES], USUAL),
    ]) {
      const viewing = await asked();
      await go(viewing);
      arrive[0]?.(true);
      await settle();
      expect(viewing.layout.value).not.toBe("planes");
    }
  });

  test("are not shown where it cannot be had, nor is a slab", async () => {
    const viewing = await asked();
    arrive[0]?.(false);
    void viewing.setSlab(10);
    arrive[1]?.(false);
    await settle();
    expect([viewing.layout.value, arranged.mock.calls.length]).toEqual(["one", 0]);
  });
});
