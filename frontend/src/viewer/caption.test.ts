import type { Types } from "@cornerstonejs/core";
import { beforeEach, describe, expect, test, vi } from "vitest";

import type { Series } from "../api/types";
import { writeSlice } from "./caption";
import { imageIdsOf } from "./images";
import { StackPane } from "./stack";

vi.mock("@cornerstonejs/core", () => ({})); // its pictures are not drawn here

const SERIES = { id: "t1c", frames: 10, geometry: { photometric: "MONOCHROME2", dtype: "uint16", rescale: [1, 0] } } as unknown as Series;

describe("r1: the slice that is written into a picture", () => {
  const context = {
    save: vi.fn(), restore: vi.fn(), scale: vi.fn(), strokeText: vi.fn(), fillText: vi.fn(),
    fillRect: vi.fn(),
  };
  const hostWith = (width: number, clientWidth: number): HTMLElement =>
    ({
      querySelector: () => ({ width, clientWidth, clientHeight: 216, getContext: () => context }),
    }) as unknown as HTMLElement;
  beforeEach(() => {
    vi.clearAllMocks();
    vi.stubGlobal("getComputedStyle", () => ({ fontSize: "13px", fontFamily: "sans" }));
    vi.stubGlobal("devicePixelRatio", 1);
    return () => vi.unstubAllGlobals();
  });

  test("stands at the picture's right edge at the picture's own scale, whatever the screen's is by now", () => {
    writeSlice(hostWith(600, 300), 4, 10);
    expect(context.scale).toHaveBeenCalledWith(2, 2);
    expect(context.fillText).toHaveBeenCalledWith("5/10", 282, 11);
    expect(context.strokeText).toHaveBeenCalledWith("5/10", 282, 11);
  });

  test("its place in the stack is drawn on a rail along that edge, from end to end", () => {
    for (const slice of [0, 9]) writeSlice(hostWith(600, 300), slice, 10);
    const rail = [292, 8, 2, 200];
    expect(context.fillRect.mock.calls).toEqual([rail, [289, 8, 8, 2], rail, [289, 208, 8, 2]]);
    context.fillRect.mockClear();
    writeSlice(hostWith(600, 300), 0, 1);
    expect(context.fillRect).not.toHaveBeenCalled();
  });

  test("a pane that has no size yet, or no picture, is left alone", () => {
    writeSlice(hostWith(600, 0), 4, 10);
    writeSlice({ querySelector: () => null } as unknown as HTMLElement, 4, 10);
    expect(context.fillText).not.toHaveBeenCalled();
  });

  test("is the picture's: of one that is on its way, the one before", async () => {
    let here: () => void = () => undefined;
    let image = "";
    const viewport = {
      setStack: (ids: string[], at: number) => Promise.resolve((image = ids[at] ?? "")),
      setImageIdIndex: (at: number) =>
        new Promise<void>((resolve) => {
          here = () => {
            image = imageIdsOf(SERIES)[at] ?? "";
            resolve();
          };
        }),
      getCornerstoneImage: () => ({ imageId: image }),
      setProperties: () => undefined,
      render: () => undefined,
    } as unknown as Types.IStackViewport;
    const pane = new StackPane(SERIES, [40, 80], viewport, undefined);
    await pane.start();
    pane.goTo(7);
    expect(pane.painted).toBe(4);
    here();
    expect(pane.painted).toBe(7);
  });
});
