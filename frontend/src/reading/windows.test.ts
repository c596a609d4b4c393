// @vitest-environment jsdom
import { beforeEach, describe, expect, test, vi } from "vitest";

import type { Pair } from "../api/types";
import type { Stage } from "../viewer/contract";
import { PlainPane } from "../viewer/plain-pane";
import { USUAL } from "./hanging";
import { SLABS_MM, Viewing } from "./viewing";
import type { ViewingHost } from "./viewing-host";

const MR = { window: [500, 900], presets: { wide: [600, 1350], auto: [500, 900], bright: [375, 675], narrow: [500, 495] } };
const CT = { window: [40, 80], presets: { auto: [350, 1316], bone: [600, 2800], brain: [40, 80], subdural: [75, 215] } };
const log = vi.fn();
const host = { shapes: () => [], canRebuild: () => Promise.resolve(true), log, keptLink: () => null, painted: () => undefined } as unknown as ViewingHost;

function pane(id: string, windows: { window: number[]; presets: Record<string, number[]> }): PlainPane {
  const made = new PlainPane({ id });
  Object.assign(made.series.geometry, windows);
  made.setWindow(...(windows.window as unknown as Pair));
  return made;
}

async function opened(...panes: PlainPane[]): Promise<Viewing> {
  const stage = { panes, arrange: () => Promise.resolve() } as unknown as Stage;
  const made = new Viewing(stage, host);
  vi.spyOn(made.seats, "filled").mockResolvedValue();
  await made.open(panes.map(({ series }) => series), USUAL);
  log.mockClear();
  return made;
}

let mr: PlainPane;
let ct: PlainPane;
beforeEach(() => {
  mr = pane("t1c", MR);
  ct = pane("ct", CT);
});

describe("r1: window presets", () => {
  test("of mr: by percentiles first, then bright, narrow and wide, in a circle both ways", async () => {
    const viewing = await opened(mr);
    const shown = [1, 1, 1, 1, -1].map((step) => {
      viewing.preset(step);
      return mr.window;
    });
    expect(shown).toEqual([[375, 675], [500, 495], [600, 1350], [500, 900], [600, 1350]]);
  });

  test("of ct: the brain's first, then subdural, bone and by percentiles", async () => {
    const viewing = await opened(ct);
    expect(viewing.windows().map(([name]) => name)).toEqual(["brain", "subdural", "bone", null]);
    viewing.preset(-1);
    expect(ct.window).toEqual([350, 1316]);
  });

  test("by number, of the active pane's series only, each with where it stands", async () => {
    const viewing = await opened(mr, ct);
    viewing.activate(1);
    viewing.usePreset(2);
    expect([mr.window, ct.window]).toEqual([[500, 900], [600, 2800]]);
    viewing.activate(0);
    viewing.preset(1);
    expect(mr.window).toEqual([375, 675]);
    viewing.activate(1);
    viewing.preset(1);
    expect(ct.window).toEqual([350, 1316]); // after bone: the other series moved it not
    viewing.usePreset(17);
    expect(ct.window).toEqual([350, 1316]);
  });

  test("the automatic one brings back what a hand has changed, and the next preset is the second", async () => {
    const viewing = await opened(mr);
    viewing.preset(-1);
    mr.setWindow(12, 34);
    viewing.autoWindow();
    expect(mr.window).toEqual([500, 900]);
    viewing.preset(1);
    expect(mr.window).toEqual([375, 675]);
  });

  test("each is told with its values and its series", async () => {
    const viewing = await opened(mr);
    viewing.preset(1);
    expect(log).toHaveBeenCalledWith("window", {
      pane: 0, role: "t1c", slice: 0, window: [375, 675], inverted: false,
    });
  });

  test("a hand turns the window: across its width, along its centre, the wider the faster", async () => {
    const viewing = await opened(mr);
    const drag = { kind: "window", pane: 0, mark: null, from: [0, 0], at: [0, 0] } as const;
    viewing.pointer.drag({ ...drag, dx_px: 40, dy_px: 0 });
    expect(mr.window).toEqual([500, 900 + (900 / 400) * 2 * 40]);
    mr.setWindow(500, 400);
    viewing.pointer.drag({ ...drag, dx_px: 0, dy_px: -10 });
    expect(mr.window).toEqual([490, 400]);
  });
});

describe("r1: slabs", () => {
  test("go round their thicknesses, in all three planes together, and are told", async () => {
    const planes = [pane("t1c", MR), pane("t1c", MR), pane("t1c", MR)];
    const viewing = await opened(...planes);
    viewing.layout.value = "planes";
    for (const expected of [...SLABS_MM.slice(1), 0]) {
      viewing.slab();
      await vi.waitFor(() => expect(planes.map((each) => each.view().slab_mm)).toEqual(Array(3).fill(expected)));
      expect(log).toHaveBeenLastCalledWith("tool", { slab_mm: expected });
    }
  });

  test("of slices the active pane alone is rebuilt, in its own plane, and back", async () => {
    const viewing = await opened(mr, ct);
    await viewing.setSlab(10);
    expect(viewing.hung.value.map(({ cut }) => cut)).toEqual(["axial", "acquired"]);
    expect([mr.view().slab_mm, ct.view().slab_mm]).toEqual([10, 0]);
    await viewing.setSlab(0);
    expect(viewing.hung.value.map(({ cut }) => cut)).toEqual(["acquired", "acquired"]);
  });
});
