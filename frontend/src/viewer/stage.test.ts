// @vitest-environment jsdom
import { beforeEach, expect, test, vi } from "vitest";

import type { Series } from "../api/types";
import type { PaneRequest } from "./contract";

/** What is asked of Cornerstone, in order, and what was painted; what comes is settled by a test. */
const { asked, painted, lost, stacks, elements } = vi.hoisted(() => ({
  lost: [] as string[],
  asked: [] as string[],
  painted: [] as string[],
  stacks: new Map<string, { come: () => void }>(),
  elements: new Map<string, { paintsIn?: number; frame?: number }>(),
}));

vi.mock("./warming", () => ({
  askAhead: vi.fn(),
  contextOf: () => ({}),
  contextsOf: () => ["large", "small"],
  lose: (context: string) => lost.push(context),
  nameOf: () => "test",
}));
vi.mock("./rebuilt", () => ({ forgetVolume: vi.fn(), RebuiltPane: vi.fn() }));
vi.mock("@cornerstonejs/core", () => ({
  init: vi.fn(),
  setCanvasCreator: vi.fn(),
  cache: { getImageLoadObject: () => undefined, purgeCache: vi.fn() },
  eventTarget: new EventTarget(),
  imageLoader: { registerImageLoader: vi.fn() },
  metaData: { addProvider: vi.fn(), removeProvider: vi.fn() },
  Enums: {
    ViewportType: { STACK: "stack", ORTHOGRAPHIC: "orthographic" },
    Events: { IMAGE_RENDERED: "r", WEBGL_CONTEXT_LOST: "l", WEBGL_CONTEXT_RESTORED: "b" },
  },
  // As the real one does: it paints with the next frame, and a viewport that is enabled anew or
  // disabled before is not painted.
  RenderingEngine: class {
    enableElement(input: { viewportId: string; defaultOptions: { paintsIn?: number } }): void {
      this.disableElement(input.viewportId);
      elements.set(input.viewportId, { ...input.defaultOptions });
    }
    disableElement(id: string): void {
      cancelAnimationFrame(elements.get(id)?.frame ?? 0);
      elements.delete(id);
    }
    getViewport(id: string): unknown {
      const where = (): string => String(elements.get(id)?.paintsIn);
      let shown = "";
      return {
        setStack: ([image]: string[]) => {
          shown = `${where()} ${String(image?.split("/")[0]).replace("pack:", "")}`;
          asked.push(shown);
          return new Promise<void>((resolve) => stacks.set(String(image), { come: resolve }));
        },
        setProperties: vi.fn(),
        render: () => {
          const element = elements.get(id);
          if (element) element.frame = requestAnimationFrame(() => painted.push(shown));
        },
        resetCamera: vi.fn(),
      };
    }
    resize(): void {
      // Nothing has a size here.
    }
    renderViewports(): void {
      // Nor a picture.
    }
    destroy(): void {
      elements.clear();
    }
  },
}));
vi.stubGlobal("ResizeObserver", class {
  observe = vi.fn();
  unobserve = vi.fn();
  disconnect = vi.fn();
});

const { closeEngine, openStage, warmUp } = await import("./stage");

function request(id: string): PaneRequest {
  const geometry = { photometric: "MONOCHROME2", rescale: [1, 0], window: [1, 2] };
  const series = { id, frames: 1, geometry } as unknown as Series;
  return { host: document.createElement("div"), series, cut: "acquired", window: [1, 2] };
}

function come(id: string): void {
  stacks.get(`pack:${id}/0`)?.come();
}

const NEXT_PICTURE_MS = 100;
const pictures = (ms = NEXT_PICTURE_MS): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

function opened(): ReturnType<typeof openStage> {
  return openStage(() => undefined, { onPaint: vi.fn(), onContext: vi.fn() });
}

beforeEach(() => {
  asked.length = 0;
  painted.length = 0;
});

test("the large pane's context is rehearsed, then the small ones', and nothing is left", async () => {
  warmUp();
  await pictures();
  come("rehearsal");
  await pictures();
  expect(painted).toEqual(["0 rehearsal"]);
  come("rehearsal");
  await pictures();
  expect(painted).toEqual(["0 rehearsal", "1 rehearsal"]);
  expect(document.querySelectorAll("[aria-hidden]")).toHaveLength(1);
  const stage = opened();
  expect(elements.size).toBe(0);
  expect(document.querySelectorAll("[aria-hidden]")).toHaveLength(0);
  stage.close();
});

test("a rehearsal that the case overtakes paints no more", async () => {
  warmUp();
  await pictures();
  const stage = opened();
  come("rehearsal");
  await pictures();
  expect(asked).toEqual(["0 rehearsal"]);
  expect(painted).toEqual([]);
  expect(elements.size).toBe(0);
  stage.close();
});

test("of a new case the large pane's picture comes first, then all others", async () => {
  const stage = opened();
  const whole = stage.arrange(["t1c", "t1", "t2"].map(request), true);
  await pictures();
  expect(asked).toEqual(["0 t1c"]);
  come("t1c");
  await pictures();
  expect(asked).toEqual(["0 t1c", "1 t1", "1 t2"]);
  ["t1", "t2"].forEach(come);
  await whole;
  stage.close();
});

test("the others wait half a second at most for it", async () => {
  const stage = opened();
  void stage.arrange(["t1c", "t1"].map(request), true);
  await pictures(400);
  expect(asked).toEqual(["0 t1c"]);
  await pictures(200);
  expect(asked).toEqual(["0 t1c", "1 t1"]);
  stage.close();
});

test("within a case all panes of another layout begin at once", () => {
  const stage = opened();
  void stage.arrange(["t1c", "t1"].map(request));
  expect(asked).toEqual(["0 t1c", "1 t1"]);
  stage.close();
});

test("panes of a stage that was closed meanwhile do not begin", async () => {
  const stage = opened();
  void stage.arrange(["t1c", "t1"].map(request), true);
  stage.close();
  come("t1c");
  await pictures();
  expect(asked).toEqual(["0 t1c"]);
});

test("what was warmed and never used is given back, once, and is there anew for the next room", async () => {
  lost.length = 0;
  const before = warmUp();
  await pictures();
  closeEngine();
  closeEngine();
  expect(lost).toEqual(["large", "small"]);
  expect(document.querySelectorAll("[aria-hidden]")).toHaveLength(0);
  expect(warmUp()).not.toBe(before);
  await pictures();
  expect(asked).toEqual(["0 rehearsal", "0 rehearsal"]);
  closeEngine();
});
