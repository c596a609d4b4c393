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
  };
  const hostWith = (width: number, clientWidth: number): HTMLElement =>
    ({ querySelector: () => ({ width, clientWidth, getContext: () => context }) }) as unknown as HTMLElement;
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
