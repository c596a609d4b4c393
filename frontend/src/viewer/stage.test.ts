// @vitest-environment jsdom
import { expect, test, vi } from "vitest";

import type { Series } from "../api/types";
import type { PaneRequest } from "./contract";

/** What the panes ask of Cornerstone, in order; what comes of it is settled by the test. */
const { asked, stacks, elements } = vi.hoisted(() => ({
  asked: [] as string[],
  stacks: new Map<string, { come: () => void }>(),
  elements: new Map<string, { paintsIn?: number }>(),
}));

vi.mock("./warming", () => ({ askAhead: vi.fn(), contextOf: () => ({}), nameOf: () => "test" }));
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
  RenderingEngine: class {
    enableElement(input: { viewportId: string; defaultOptions: { paintsIn?: number } }): void {
      elements.set(input.viewportId, input.defaultOptions);
    }
    disableElement(id: string): void {
      elements.delete(id);
    }
    getViewport(id: string): unknown {
      return {
        setStack: ([image]: string[]) => {
          asked.push(`${String(elements.get(id)?.paintsIn)} ${String(image).split("/")[0]}`);
          return new Promise<void>((resolve) => stacks.set(String(image), { come: resolve }));
        },
        setProperties: vi.fn(),
        render: vi.fn(),
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

const { openStage, warmUp } = await import("./stage");

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

function opened(): { stage: ReturnType<typeof openStage>; seen: () => string[] } {
  asked.length = 0;
  const options = { onPaint: vi.fn(), onContext: vi.fn() };
  const stage = openStage(() => undefined, options);
  const before = asked.length;
  return { stage, seen: () => asked.slice(before).map((each) => each.replace("pack:", "")) };
}

test("the contexts of large and small panes are each rehearsed, and nothing is left of it", async () => {
  warmUp();
  await pictures();
  expect(asked).toEqual(["0 pack:rehearsal"]);
  come("rehearsal");
  await pictures();
  expect(asked).toEqual(["0 pack:rehearsal", "1 pack:rehearsal"]);
  expect(document.querySelectorAll("[aria-hidden]")).toHaveLength(1);
  const { stage } = opened();
  expect(elements.size).toBe(0);
  expect(document.querySelectorAll("[aria-hidden]")).toHaveLength(0);
  stage.close();
});

test("a rehearsal that the case overtakes begins in no further context", async () => {
  warmUp();
  await pictures();
  const { stage, seen } = opened();
  come("rehearsal");
  await pictures();
  expect(seen()).toEqual([]);
  expect(elements.size).toBe(0);
  stage.close();
});

test("of a new case the large pane's picture comes first, then all others", async () => {
  const { stage, seen } = opened();
  const whole = stage.arrange(["t1c", "t1", "t2"].map(request), true);
  await pictures();
  expect(seen()).toEqual(["0 t1c"]);
  come("t1c");
  await pictures();
  expect(seen()).toEqual(["0 t1c", "1 t1", "1 t2"]);
  ["t1", "t2"].forEach(come);
  await whole;
  stage.close();
});

test("the others wait half a second at most for it", async () => {
  const { stage, seen } = opened();
  void stage.arrange(["t1c", "t1"].map(request), true);
  await pictures(400);
  expect(seen()).toEqual(["0 t1c"]);
  await pictures(200);
  expect(seen()).toEqual(["0 t1c", "1 t1"]);
  stage.close();
});

test("within a case all panes of another layout begin at once", () => {
  const { stage, seen } = opened();
  void stage.arrange(["t1c", "t1"].map(request));
  expect(seen()).toEqual(["0 t1c", "1 t1"]);
  stage.close();
});

test("panes of a stage that was closed meanwhile do not begin", async () => {
  const { stage, seen } = opened();
  void stage.arrange(["t1c", "t1"].map(request), true);
  stage.close();
  come("t1c");
  await pictures();
  expect(seen()).toEqual(["0 t1c"]);
});
