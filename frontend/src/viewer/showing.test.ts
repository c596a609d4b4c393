// @vitest-environment jsdom
import { beforeEach, describe, expect, test, vi } from "vitest";

import type { Pair, Series, Vector } from "../api/types";
import type { SeriesFrames } from "../packs/load";

vi.mock("./volumes", () => ({}));
vi.mock("@cornerstonejs/core", () => ({
  cache: { getVolume: () => ({}) },
  Enums: {
    OrientationAxis: { AXIAL: "axial", CORONAL: "coronal", SAGITTAL: "sagittal" },
    BlendModes: { COMPOSITE: "composite", MAXIMUM_INTENSITY_BLEND: "maximum" },
  },
  imageLoader: {},
  metaData: {},
  utilities: {},
  volumeLoader: {},
}));

const { RebuiltPane } = await import("./rebuilt");
const { StackPane } = await import("./stack");
const { storedRange, valueAt } = await import("./images");

/** What a viewport was told last. */
const told = { voiRange: { lower: 0, upper: 0 }, invert: false, blend: "composite", aside_mm: 0, pictures: 0 };
const camera = { viewUp: [0, -1, 0], viewPlaneNormal: [0, 0, -1], focalPoint: [0, 0, 0], position: [0, 0, 0] };
const viewport = {
  element: { clientHeight: 100 },
  setStack: () => Promise.resolve(),
  setVolumes: () => Promise.resolve(),
  setOrientation: vi.fn(),
  setProperties: (of: object) => void Object.assign(told, of),
  setBlendMode: (blend: string) => (told.blend = blend),
  // Cornerstone's slab goes so far to each side of its plane (tests/e2e: what a slab of 5 mm shows).
  setSlabThickness: (mm: number) => (told.aside_mm = mm),
  resetSlabThickness: () => (told.aside_mm = 0),
  render: () => (told.pictures += 1),
  getCamera: () => ({ ...camera, parallelScale: 50 }),
  setCamera: (next: object) => void Object.assign(camera, next),
};

function series(rescale: Pair = [1, 0], photometric = "MONOCHROME2"): Series {
  const geometry = {
    rows: 4, columns: 4, frames: 2, rescale, photometric, pixel_spacing_mm: [1, 1], spacing_mm: 1.2,
    row_cosine: [1, 0, 0] as Vector, column_cosine: [0, 1, 0] as Vector, frame_of_reference: "f",
    positions_mm: [[0, 0, 0], [0, 0, 1.2]] as Vector[], dtype: "int16", window: [1, 2] as Pair,
  };
  return { id: "s", role: "t1c", frames: 2, geometry } as unknown as Series;
}

beforeEach(() => void Object.assign(told, { blend: "composite", aside_mm: 0, pictures: 0, invert: false }));

describe("r1: a window is of values after rescale, and is shown as the range of those that are stored", () => {
  test.each([
    [[1, 0], { lower: 0, upper: 80 }],
    [[2, -1024], { lower: 512, upper: 552 }], // 40 HU is stored as 532
    [[0.5, 10], { lower: -20, upper: 140 }],
    [[-1, 100], { lower: 20, upper: 100 }], // stored upside down: still from low to high
  ] as const)("at slope and intercept %j", (rescale, range) => {
    expect(storedRange(series(rescale), [40, 80])).toEqual(range);
    const pane = new StackPane(series(rescale), [0, 1], viewport as never, undefined);
    pane.setWindow(40, 80);
    expect(told.voiRange).toEqual(range);
    expect(pane.view().window).toEqual([40, 80]);
  });

  test("slices and rebuilt planes open in the window that was asked for", async () => {
    const frames = { series: series(), wait: () => Promise.resolve(new Int16Array(16)) } as unknown as SeriesFrames;
    for (const pane of [
      new StackPane(series(), [500, 900], viewport as never, undefined),
      new RebuiltPane(series(), "axial", [500, 900], viewport as never, frames),
    ]) {
      told.voiRange = { lower: 0, upper: 0 };
      await pane.start();
      expect(told.voiRange).toEqual({ lower: 50, upper: 950 });
    }
  });

  test("none is narrower than one value, and what is white at zero is inverted from the start", () => {
    const pane = new StackPane(series([1, 0], "MONOCHROME1"), [0, 1], viewport as never, undefined);
    pane.setWindow(40, -3);
    expect([pane.view().window, told.voiRange, told.invert]).toEqual([[40, 1], { lower: 39.5, upper: 40.5 }, true]);
    pane.setInverted(false);
    expect(told.invert).toBe(false);
  });

  test("a value that is read off is the one after rescale", () => {
    const at = (): Int16Array => new Int16Array([0, 0, 0, 0, 0, 0, 532]);
    const frames = { series: series([2, -1024]), at } as unknown as SeriesFrames;
    expect(valueAt(frames, { column: 2.2, row: 0.8, frame: 0 })).toBe(40);
    expect(valueAt(frames, { column: 4, row: 0, frame: 0 })).toBeNull();
  });
});

describe("r1: a slab shows the brightest over its thickness", () => {
  test("and its plane is as thick as it; without one it is a slice of the finest spacing", () => {
    const pane = new RebuiltPane(series(), "axial", [40, 80], viewport as never, undefined);
    expect(pane.view()).toMatchObject({ slab_mm: 0, plane: { thickness_mm: 1 } });
    pane.setSlab(10);
    expect([told.blend, told.aside_mm, told.pictures]).toEqual(["maximum", 5, 1]);
    expect(pane.view()).toMatchObject({ slab_mm: 10, plane: { thickness_mm: 10 } });
    pane.setSlab(10);
    expect(told.pictures).toBe(1); // it shows already
    pane.setSlab(0);
    expect([told.blend, told.aside_mm, told.pictures]).toEqual(["composite", 0, 2]);
    expect(pane.view()).toMatchObject({ slab_mm: 0, plane: { thickness_mm: 1 } });
  });

  test("acquired slices are shown one by one", () => {
    const pane = new StackPane(series(), [40, 80], viewport as never, undefined);
    pane.setSlab();
    expect(pane.view()).toMatchObject({ slab_mm: 0, plane: { thickness_mm: 1.2 } });
    expect(told.blend).toBe("composite");
  });
});
