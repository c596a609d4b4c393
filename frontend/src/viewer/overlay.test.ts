// @vitest-environment jsdom
import { beforeEach, describe, expect, test } from "vitest";

import type { Vector } from "../api/types";
import type { ScreenPoint } from "./contract";
import { draw, type Drawn } from "./overlay";
import { PlainPane } from "./plain-pane";
import type { MarkShape, ProposalShape, Shape } from "./scene";

const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
const CENTRE: Vector = [10, -5, 4];

/** A square of slices 3 to 5, side 8 mm about the centre. */
const SQUARE: readonly (readonly Vector[])[] = [3, 4, 5].map((z) => [
  [6, -9, z], [14, -9, z], [14, -1, z], [6, -1, z],
]);

const proposal = (more: Partial<ProposalShape> = {}): ProposalShape => ({
  kind: "proposal", id: "p", centre_mm: CENTRE, diameter_mm: 4, label: "A 0.91", contours_mm: SQUARE,
  isSelected: false, isRejected: false, style: "contour", probability: 0.9, heat: [], ...more,
});
const mark = (more: Partial<MarkShape> = {}): MarkShape => ({
  kind: "mark", id: "m", centre_mm: CENTRE, diameter_mm: 6, contours_mm: [], label: "1", isSelected: false,
  isUnrated: false, ...more,
});

function over(pane: PlainPane, ...shapes: Shape[]): Drawn {
  return draw(svg, pane, shapes, []);
}
const all = (what: string): Element[] => [...svg.querySelectorAll(what)];
const numbers = (path: Element | undefined, name = "d"): number[] =>
  (path?.getAttribute(name)?.match(/-?[\d.]+/g) ?? []).map(Number);
const near = (to: readonly number[]): unknown => to.map((each) => expect.closeTo(each, 1) as unknown);

/** Of slices, two pixels a millimetre, the origin in the middle. */
const axial = (z: number): PlainPane => new PlainPane({ id: "t1c", centre: [0, 0, z] });

beforeEach(() => svg.replaceChildren());

describe("r5: the contours of a proposal", () => {
  test("are those of the slice that shows, point for point", () => {
    over(axial(4), proposal());
    const [path, ...more] = all(".contour");
    expect(more).toEqual([]);
    const at = SQUARE[1]?.flatMap((point) => axial(4).toScreen(point)) ?? [];
    expect(numbers(path)).toEqual(near(at));
    expect(path?.getAttribute("d")).toMatch(/^M.*Z$/);
  });

  test("and its brackets are gone on slices that it does not reach", () => {
    const shown = [0, 1, 2, 3, 4, 5, 6, 7, 8].filter((z) => {
      over(axial(z), proposal());
      return all("[data-proposal]").length > 0;
    });
    expect(shown).toEqual([3, 4, 5]); // its sphere, of 4 mm, ends where slices 2 and 6 are
  });

  test("in another series' plane of the same direction too, in a plane across only its brackets", () => {
    over(new PlainPane({ id: "flair", px_per_mm: 5, centre: [0, 0, 4.2], thickness_mm: 3 }), proposal());
    expect(all(".contour")).toHaveLength(1);
    const across = new PlainPane({ id: "t1c", right: [0, 1, 0], down: [0, 0, -1], centre: [10, 0, 0] });
    over(across, proposal());
    expect([all(".contour").length, all(".proposal .line").length]).toEqual([0, 1]);
  });
});

describe("r5: the box of a proposal", () => {
  test("is four corners about its contours, four pixels outside, of another shape than a mark's circle", () => {
    const { boxes, spots } = over(axial(4), proposal());
    const [x, y] = axial(4).toScreen(CENTRE);
    expect(boxes).toEqual([{ id: "p", centre: near([x, y]), radius_px: expect.closeTo(8 + 4, 6) as unknown }]);
    expect(spots).toEqual([]); // nothing of it is taken hold of
    const corners = numbers(all(".proposal .line")[0]);
    expect(Math.min(...corners.filter((_, at) => at % 2 === 0))).toBeCloseTo(x - 12, 3);
    expect(Math.max(...corners.filter((_, at) => at % 2 === 1))).toBeCloseTo(y + 12, 3);
    expect(all(".proposal .line")[0]?.getAttribute("d")?.match(/M/g)).toHaveLength(4);
    expect(all(".proposal circle")).toEqual([]);
  });

  test("is the sphere's section where the detector gave no contours, and never too small to see", () => {
    const of = (z: number, diameter_mm: number): number | undefined =>
      over(axial(z), proposal({ contours_mm: [], diameter_mm })).boxes[0]?.radius_px;
    expect(of(4, 20)).toBeCloseTo(2 * 10 + 4, 6);
    expect(of(4 + 6, 20)).toBeCloseTo(2 * 8 + 4, 6); // 6, 8, 10
    expect(of(4 + 11, 20)).toBeUndefined();
    expect(of(4, 1)).toBe(7 + 4);
  });

  test("has the label beside it, and says what was decided and what is selected", () => {
    over(axial(4), proposal({ isRejected: true }), proposal({ id: "q", isSelected: true }));
    expect(all("[data-proposal=p]")[0]?.getAttribute("class")).toBe("proposal is-rejected");
    expect(all("[data-proposal=q]")[0]?.getAttribute("class")).toBe("proposal is-selected");
    expect(all("[data-proposal=p] text")[0]?.textContent).toBe("A 0.91");
  });
});

describe("r5: the ways of drawing a proposal", () => {
  const filled = (more: Partial<ProposalShape>): number => {
    over(axial(4), proposal({ style: "filled", ...more }));
    return Number(all(".contour")[0]?.getAttribute("fill-opacity"));
  };

  test("contours are lines, a box has none, both have the brackets", () => {
    over(axial(4), proposal());
    expect(all(".contour")[0]?.getAttribute("fill-opacity")).toBe("0");
    over(axial(4), proposal({ style: "box" }));
    expect([all(".contour").length, all(".proposal .line").length]).toEqual([0, 1]);
  });

  test("filled is the stronger, the more probable", () => {
    expect([0, 0.5, 1].map((probability) => filled({ probability }))).toEqual(near([0.1, 0.275, 0.45]));
    expect(filled({ probability: null })).toBeCloseTo(0.275, 6);
  });

  test("a heat map has the levels of its slice, weakest below", () => {
    const level = (number: number, z: number): ProposalShape["heat"][number] =>
      ({ level: number, contours_mm: SQUARE.filter(([point]) => point?.[2] === z) });
    const heat = [level(0.25, 4), level(0.5, 4), level(0.75, 5)];
    over(axial(4), proposal({ style: "heat", heat }));
    expect(all(".heat path").map((each) => each.getAttribute("data-level"))).toEqual(["0.25", "0.5"]);
  });
});

describe("r1, r3: a mark in planes that are rebuilt", () => {
  const PLANES = {
    axial: { right: [1, 0, 0], down: [0, 1, 0] },
    sagittal: { right: [0, 1, 0], down: [0, 0, -1] },
    coronal: { right: [1, 0, 0], down: [0, 0, -1] },
  } as const satisfies Record<string, { right: Vector; down: Vector }>;
  const cuts = Object.keys(PLANES) as (keyof typeof PLANES)[];
  const plane = (cut: keyof typeof PLANES, centre = CENTRE): PlainPane =>
    new PlainPane({ id: "t1c", cut, ...PLANES[cut], centre, thickness_mm: 0.5, px_per_mm: 3 });

  test.each(cuts)("shows at its place in the %s one, as a circle of its size", (cut) => {
    const pane = plane(cut);
    pane.panBy(35, -21);
    const { spots } = over(pane, mark());
    const [circle] = all("[data-mark=m] circle.line");
    const place = ["cx", "cy"].map((each) => Number(circle?.getAttribute(each)));
    expect(place).toEqual([200 + 35, 200 - 21]);
    expect(Number(circle?.getAttribute("r"))).toBeCloseTo(3 * 3, 6);
    expect(spots[0]?.centre).toEqual([200 + 35, 200 - 21]);
  });

  test.each(cuts)("put in the %s one it shows there and in the two others, through that place", (cut) => {
    const place: ScreenPoint = [262, 170];
    const centre_mm = plane(cut).toPatient(place);
    over(plane(cut), mark({ centre_mm }));
    expect(numbers(all("circle.line")[0], "cx")[0]).toBeCloseTo(place[0], 6);
    for (const other of cuts) {
      const pane = plane(other, [0, 0, 0]);
      pane.goToPoint(centre_mm);
      over(pane, mark({ centre_mm }));
      const circle = all("circle.line")[0];
      const shown: ScreenPoint = [numbers(circle, "cx")[0] ?? NaN, numbers(circle, "cy")[0] ?? NaN];
      expect(pane.toPatient(shown)).toEqual(near(centre_mm));
    }
  });

  test("is as small as the plane cuts it, and gone beyond it", () => {
    const radius = (x: number): number => {
      over(plane("sagittal", [10 + x, 0, 0]), mark({ diameter_mm: 20 }));
      return numbers(all("circle.line")[0], "r")[0] ?? 0;
    };
    expect([0, 6, -8, 10.1].map(radius)).toEqual(near([30, 24, 18, 0]));
  });

  test("a slab shows what lies anywhere within its thickness, whole", () => {
    const pane = plane("axial", [0, 0, CENTRE[2] + 9]);
    const count = (): number => {
      over(pane, mark());
      return all("circle.line").length;
    };
    expect(count()).toBe(0);
    pane.setSlab(20);
    expect(count()).toBe(1);
    expect(numbers(all("circle.line")[0], "r")[0]).toBeCloseTo(9, 6);
    pane.setSlab(10);
    expect(count()).toBe(0);
  });

  test("the linked cursor stands in each at one point", () => {
    for (const cut of cuts) {
      const pane = plane(cut, [0, 0, 0]);
      over(pane, { kind: "cross", id: "cross", centre_mm: CENTRE });
      const [x, y] = pane.toScreen(CENTRE);
      const [left, , inner] = numbers(all(".cross")[0]);
      expect([left, inner]).toEqual(near([x - 22, x - 7]));
      expect(numbers(all(".cross")[0])[1]).toBeCloseTo(y, 6);
    }
  });
});
