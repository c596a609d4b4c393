// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from "vitest";

import { pixelOf, placeOf, showTruthViewer, sliceNear, type Stack } from "./truth";

const tilted: Stack = {
  id: "s",
  name: "T1C",
  prior: "",
  rows: 100,
  columns: 80,
  window: [500, 1000],
  row_cosine: [0.8, 0.6, 0],
  column_cosine: [0, 0, -1],
  pixel_spacing_mm: [2, 0.5],
  positions_mm: [0, 1, 2, 3].map((n) => [10 - 0.6 * 3 * n, 20 + 0.8 * 3 * n, 50]),
};

describe("a truth reader's click", () => {
  it("is a place in patient millimetres: row spacing downwards, column spacing across", () => {
    const [x, y, z] = placeOf(tilted, 0, 10, 5);
    expect([x, y, z]).toEqual([10 + 0.8 * 0.5 * 10, 20 + 0.6 * 0.5 * 10, 50 - 2 * 5]);
  });

  it("comes back to its pixel and its slice, in a tilted stack too", () => {
    for (const slice of [0, 1, 3]) {
      const place = placeOf(tilted, slice, 33, 71);
      const { column, row, off } = pixelOf(tilted, slice, place);
      expect(column).toBeCloseTo(33);
      expect(row).toBeCloseTo(71);
      expect(off).toBeCloseTo(0);
      expect(sliceNear(tilted, place)).toBe(slice);
    }
  });

  it("lies off the other slices by their distance", () => {
    expect(pixelOf(tilted, 2, placeOf(tilted, 1, 4, 4)).off).toBeCloseTo(3);
  });
});

/** Axial slices of 1 mm spacing from `bottom_mm` up, `by_mm` apart. */
function axial(name: string, prior: string, bottom_mm: number, count: number, by_mm = 1): Stack {
  return {
    ...tilted,
    id: name,
    name,
    prior,
    row_cosine: [1, 0, 0],
    column_cosine: [0, 1, 0],
    pixel_spacing_mm: [1, 1],
    positions_mm: Array.from({ length: count }, (_, n) => [0, 0, bottom_mm + by_mm * n]),
  };
}

describe("a truth reader's case with a prior", () => {
  // The prior's frame is another one: the same heads lie 500 mm apart in it.
  const stacks = [
    axial("T1C", "", 0, 40),
    axial("FLAIR", "", 0, 20, 2),
    axial("old T1C", "prior, 92 days earlier", 500, 30),
    axial("old FLAIR", "prior, 92 days earlier", 500, 15, 2),
  ];
  const place = (): string => document.getElementById("truth-place")?.textContent ?? "";
  const stage = (): HTMLElement => document.getElementById("truth-stage") as HTMLElement;
  const key = (name: string): void => void stage().dispatchEvent(new KeyboardEvent("keydown", { key: name }));
  const press = (name: string): void => {
    const all = [...document.querySelectorAll<HTMLButtonElement>("#truth-series button")];
    all.find((each) => each.textContent.startsWith(name))?.click();
  };
  const pressed = (): (string | null)[] =>
    [...document.querySelectorAll("#truth-series [aria-pressed=true]")].map((each) => each.textContent);

  beforeEach(() => {
    document.body.innerHTML = `<section id="truth-viewer"><div id="truth-series"></div><p id="truth-place"></p>
      <div id="truth-stage" aria-label="click to place" data-prior-label="nothing is marked">
      <img id="truth-image"><svg id="truth-marks"></svg></div></section>
      <p data-lesion="1.a" data-x="3" data-y="4" data-z="12" data-diameter="6"></p>
      <script type="application/json" id="truth-stacks">${JSON.stringify(stacks)}</script>`;
    showTruthViewer();
  });

  it("keeps a slice for each examination, and maps only between series of the same one", () => {
    key("PageUp");
    expect(place()).toBe("T1C 16 / 40");
    press("FLAIR");
    expect(place()).toBe("FLAIR 8 / 20"); // 15 mm lies between two slices: the lower one
    press("old T1C");
    expect(place()).toBe("old T1C (prior, 92 days earlier) 16 / 30"); // its middle, not its end
    key("PageDown");
    press("old FLAIR");
    expect(place()).toBe("old FLAIR (prior, 92 days earlier) 11 / 15");
    press("T1C");
    expect(place()).toBe("T1C 15 / 40"); // where the FLAIR was left
    press("old T1C");
    expect(place()).toBe("old T1C (prior, 92 days earlier) 21 / 30");
  });

  it("leads from a lesion's row to the case's own images, also while the prior is shown", () => {
    press("old FLAIR");
    expect(document.querySelectorAll("#truth-marks circle")).toHaveLength(0);
    document.querySelector<HTMLElement>("[data-lesion]")?.click();
    expect(place()).toBe("T1C 13 / 40");
    expect(pressed()).toEqual(["T1C"]);
    expect(document.querySelectorAll("#truth-marks circle")).toHaveLength(1);
  });

  it("says on the prior that nothing is marked there, and on the case that a click marks", () => {
    expect(stage().getAttribute("aria-label")).toBe("click to place");
    press("old T1C");
    expect(stage().getAttribute("aria-label")).toBe("nothing is marked");
    press("T1C");
    expect(stage().getAttribute("aria-label")).toBe("click to place");
  });
});
