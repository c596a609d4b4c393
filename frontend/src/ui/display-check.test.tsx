// @vitest-environment jsdom
import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Display } from "../api/types";
import { displayFacts, isWindowTooSmall, ScreenScale } from "../reading/display";
import type { Room } from "../reading/room";
import { Sitting } from "../reading/sitting";
import { DisplayCheck } from "./display-check";
import { TestPattern } from "./test-pattern";

let host: HTMLElement;
const answerDisplayCheck = vi.fn();
const isWindowSmall = signal(false);
const room = { state: { isWindowSmall }, answerDisplayCheck } as unknown as Room;

beforeEach(() => {
  localStorage.clear();
  answerDisplayCheck.mockClear();
  isWindowSmall.value = false;
  vi.stubGlobal("screen", { width: 1536, height: 864, colorDepth: 30 });
  vi.stubGlobal("devicePixelRatio", 1.25);
  vi.stubGlobal("innerWidth", 1400);
  vi.stubGlobal("innerHeight", 700);
  host = document.body.appendChild(document.createElement("div"));
});
afterEach(() => {
  void act(() => render(null, host));
  host.remove();
  vi.unstubAllGlobals();
});

interface Box { x: number; y: number; width: number; height: number; grey: number }
const grey = (fill: string | null): number => {
  if (fill === "#000" || fill === "#fff") return fill === "#000" ? 0 : 255;
  const [red, green, blue] = (fill?.match(/\d+/g) ?? []).map(Number);
  return red === green && green === blue ? (red ?? NaN) : NaN;
};
const boxes = (): readonly Box[] => [...host.querySelectorAll("rect[fill]")].map((each) => {
  const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(each.getAttribute(name) ?? 0));
  return { x, y, width, height, grey: grey(each.getAttribute("fill")) } as Box;
});
const holds = (a: Box, b: Box): boolean =>
  a.x <= b.x && a.y <= b.y && a.x + a.width >= b.x + b.width && a.y + a.height >= b.y + b.height;

describe("r11: the test pattern", () => {
  const drawn = (): void => void act(() => {
    render(null, host);
    render(<TestPattern />, host);
  });
  beforeEach(drawn);

  test.each([[1, 1400, 640], [1.25, 1400, 512], [1.5, 1280, 640 / 1.5], [2, 960, 640], [2, 640, 320], [0.8, 1600, 800]])(
    "is drawn in whole pixels of the screen: at scale %d in a window of %d it is %d wide",
    (ratio, width, expected) => {
      vi.stubGlobal("devicePixelRatio", ratio);
      vi.stubGlobal("innerWidth", width);
      drawn();
      const [wide, high] = ["width", "height"].map((each) => Number(host.querySelector("svg")?.getAttribute(each)));
      expect([wide, high]).toEqual([expect.closeTo(expected, 6), expect.closeTo((expected * 240) / 640, 6)]);
      expect(((wide ?? 0) * ratio) / 640).toBeCloseTo(Math.round(((wide ?? 0) * ratio) / 640), 6);
    },
  );

  test("no edge of it is smoothed, all of it is grey and within its frame", () => {
    const svg = host.querySelector("svg");
    expect(["viewBox", "shape-rendering"].map((each) => svg?.getAttribute(each))).toEqual(["0 0 640 240", "crispEdges"]);
    for (const each of boxes()) {
      expect(Object.values(each).every(Number.isInteger), JSON.stringify(each)).toBe(true);
      expect(holds({ x: 0, y: 0, width: 640, height: 240, grey: 0 }, each)).toBe(true);
    }
  });

  test("has 18 steps from 8 to 248, as large as each other and side by side, each lighter than the one before", () => {
    const steps = boxes().filter(({ width, height }) => width === 34 && height === 34);
    expect(steps).toHaveLength(18);
    const greys = steps.map((each) => each.grey);
    expect([greys[0], greys[17]]).toEqual([8, 248]);
    for (let at = 1; at < 18; at += 1) {
      expect(Math.abs((greys[at] ?? 0) - (greys[at - 1] ?? 0) - 240 / 17)).toBeLessThanOrEqual(1);
      expect((steps[at]?.x ?? 0) - (steps[at - 1]?.x ?? 0)).toBe(34);
    }
  });

  test("each step has a lighter and a darker pair of corners, four levels off", () => {
    const all = boxes();
    for (const step of all.filter(({ width, height }) => width === 34 && height === 34)) {
      const corners = all.filter((each) => each.width === 8 && holds(step, each));
      const off = corners.map((each) => each.grey - step.grey).sort((a, b) => a - b);
      expect(off, JSON.stringify(step)).toEqual([-4, -4, 4, 4]);
      const [lighter] = corners.filter((each) => each.grey > step.grey);
      expect(lighter && lighter.x - step.x).toBe(2); // opposite corners: two of a side would be a bar
    }
  });

  test("has 5 % in black and 95 % in white", () => {
    const all = boxes();
    for (const [outer, inner] of [[0, 13], [255, 242]]) {
      const around = all.find((each) => each.width === 80 && each.grey === outer) as Box;
      expect(all.filter((each) => each.width === 36 && holds(around, each)).map((each) => each.grey)).toEqual([inner]);
    }
  });

  test.each([[30, 1], [540, 2]])("has lines at %i that are %i pixels thick and as far apart, both ways", (x, thick) => {
    const all = boxes();
    const field = all.find((each) => each.x === x && each.width === 84) as Box;
    const lines = all.filter((each) => each.grey === 255 && holds(field, each));
    const upright = lines.filter((each) => each.width === thick && each.height === 40).map((each) => each.x - x);
    const level = lines.filter((each) => each.height === thick && each.width === 40).map((each) => each.y - field.y);
    const expected = Array.from({ length: 20 / thick }, (_, at) => 2 * thick * at);
    expect([field.grey, upright, level]).toEqual([0, expected, expected]);
  });
});

const find = (id: string): HTMLElement => host.querySelector(`[data-testid="${id}"]`) as HTMLElement;
const check = (): void => void act(() => render(<DisplayCheck room={room} />, host));
function card(width_px: number): void {
  void act(() => {
    (find("card-width") as HTMLInputElement).value = String(width_px);
    find("card-width").dispatchEvent(new Event("input", { bubbles: true }));
  });
}

describe("r11: how large the screen is, by a bank card", () => {
  test("says the screen's own pixels and its scale; no size before it was measured", () => {
    check();
    expect(find("scale").querySelector("summary")?.textContent).toBe(
      "Screen 1920 × 1080 pixels, scale 1.25 · size not measured",
    );
    expect(parseFloat(host.querySelector<HTMLElement>(".bank-card")?.style.width ?? "")).toBeCloseTo((85.6 * 96) / 25.4, 3);
  });

  test("a card that is 428 pixels wide: 5 a millimetre, of the screen's own 6.25, 159 to the inch", () => {
    check();
    card(428);
    expect(find("scale").querySelector("summary")?.textContent).toMatch(/ · 159 dots per inch, measured$/);
    expect(parseFloat(host.querySelector<HTMLElement>(".bank-card")?.style.width ?? "")).toBeCloseTo(428, 6);
    expect(displayFacts("SwiftShader", "seen").pixels_per_mm).toBe(6.25);
    vi.stubGlobal("devicePixelRatio", 2.5); // the page is zoomed to 200 %: the screen is what it was
    vi.stubGlobal("screen", { width: 768, height: 432, colorDepth: 30 });
    expect([new ScreenScale().css_px_per_mm, displayFacts("SwiftShader", "seen").pixels_per_mm]).toEqual([2.5, 6.25]);
    vi.stubGlobal("screen", { width: 1536, height: 864, colorDepth: 30 }); // another screen
    expect(displayFacts("SwiftShader", "seen").pixels_per_mm).toBeNull();
  });

  test("is forgotten when the reader says so", () => {
    check();
    card(428);
    void act(() => find("scale").querySelector("button")?.click());
    expect(find("scale").textContent).toContain("size not measured");
    expect(displayFacts("SwiftShader", "seen").pixels_per_mm).toBeNull();
  });
});

describe("r11: what is kept of it", () => {
  test.each([["display-seen", true], ["display-not-seen", false]] as const)("%s answers the check", (id, seen) => {
    check();
    find(id).click();
    expect(answerDisplayCheck.mock.calls).toEqual([[seen]]);
  });

  test("a window that is too small is said, by the screen's own pixels", () => {
    expect(isWindowTooSmall()).toBe(false);
    vi.stubGlobal("innerHeight", 500); // 625
    expect(isWindowTooSmall()).toBe(true);
    check();
    expect(host.querySelector("[data-testid=window-small]")).toBeNull();
    void act(() => void (isWindowSmall.value = true));
    expect(find("window-small").textContent).toContain("1024 × 640");
  });

  test.each(["seen", "not_seen"] as const)("goes with the sitting that begins: screen, window, renderer, scale, pattern %s", async (pattern) => {
    check();
    card(428);
    const sent: [string, Display][] = [];
    const startSession = (study: string, display: Display): Promise<object> => {
      sent.push([study, display]);
      return Promise.resolve({ session_id: "s", next_images: {} });
    };
    const sitting = new Sitting({
      study: "study", ports: { api: { startSession } }, loading: { expect: vi.fn() },
      signedInFor: (call: () => Promise<unknown>) => call(),
    } as unknown as Room);
    await sitting.begin("SwiftShader", pattern);
    expect(sitting.id).toBe("s");
    expect(sent).toEqual([["study", {
      width_px: 1920, height_px: 1080, pixel_ratio: 1.25, webgl: true, renderer: "SwiftShader", colour_depth: 30,
      window_width_px: 1750, window_height_px: 875, pixels_per_mm: 6.25, test_pattern: pattern,
    }]]);
  });
});
