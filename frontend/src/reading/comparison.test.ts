import { describe, expect, test, vi } from "vitest";

import type { Prior, Series, Vector } from "../api/types";
import type { Pane } from "../viewer/contract";
import type { Shape } from "../viewer/scene";
import { Comparison, linkPrior } from "./comparison";
import { firstLayout, hang } from "./hanging";
import { alignTogether } from "./linking";
import type { Viewing } from "./viewing";

const series = (id: string, role: string, frame: string): Series =>
  ({ id, role, geometry: { frame_of_reference: frame, row_cosine: [1, 0, 0], column_cosine: [0, 1, 0] } }) as unknown as Series;
const NOW = [series("t1c", "t1c", "now"), series("t2", "t2", "now"), series("flair", "flair", "now")];
const BEFORE = [series("old-t1c", "t1c", "before"), series("old-flair", "flair", "before")];
const [t1c, , flair] = NOW as [Series, Series, Series];
const [old] = BEFORE as [Series, Series];
const PRIOR: Prior = { days: 92, series: BEFORE };

function opened(prior: Prior | null = PRIOR): Comparison {
  const made = new Comparison();
  made.open(NOW, prior);
  return made;
}

describe("hanging a case that has a prior", () => {
  const ids = (hung: ReturnType<typeof hang>): string[] => hung.map((each) => each.series.id);

  test("r1: it opens side by side, unless the protocol says otherwise", () => {
    expect(firstLayout(NOW, "auto", true)).toBe("prior");
    expect(firstLayout(NOW, "four", true)).toBe("four");
    expect(firstLayout(NOW, "prior_four", true)).toBe("prior_four");
  });

  test("a case without one opens as if the protocol had said nothing", () => {
    expect(firstLayout(NOW, "prior", false)).toBe("main");
    expect(firstLayout(NOW.slice(0, 1), "prior_four", false)).toBe("one");
  });

  test("series are paired by role, whatever their order; one without a pair is left out", () => {
    expect(ids(hang("prior", NOW, undefined, undefined, BEFORE))).toEqual(["t1c", "old-t1c"]);
    const four = hang("prior_four", NOW, undefined, undefined, [...BEFORE].reverse());
    expect(ids(four)).toEqual(["t1c", "old-t1c", "flair", "old-flair"]);
    const roles = ["t2", "flair", "t1c"] as const;
    expect(ids(hang("prior", NOW, undefined, roles, BEFORE))).toEqual(["flair", "old-flair"]);
  });

  test("the series that was looked at leads, also when it was the prior's", () => {
    expect(ids(hang("prior", NOW, flair, undefined, BEFORE))).toEqual(["flair", "old-flair"]);
    expect(ids(hang("prior", NOW, BEFORE[1], undefined, BEFORE))).toEqual(["flair", "old-flair"]);
  });

  test("two examinations without a role in common still hang", () => {
    const other = [series("ct", "ct", "before")];
    expect(ids(hang("prior", NOW, undefined, undefined, other))).toEqual(["t1c", "ct"]);
  });
});

describe("where the prior lies", () => {
  test("in another frame of reference it is not linked, until the reader says where", () => {
    const made = opened();
    expect([made.tieOf(old), made.between(t1c, old), made.fromCurrent(old)]).toEqual(["none", null, null]);
    made.shift.value = [1, -2, 30];
    expect(made.tieOf(old)).toBe("here");
    expect([made.between(t1c, old), made.between(old, flair)]).toEqual([[1, -2, 30], [-1, 2, -30]]);
    expect(made.toCurrent(old, [11, 8, 130])).toEqual([10, 10, 100]);
  });

  test("in one frame of reference the coordinates are the same, and nothing is set", () => {
    const shared: Prior = { days: null, series: [series("old-t1c", "t1c", "now")] };
    const made = opened(shared);
    const [same] = shared.series as [Series];
    expect([made.tieOf(same), made.fromCurrent(same), made.between(same, t1c)]).toEqual([
      "shared", [0, 0, 0], [0, 0, 0],
    ]);
  });

  test("examinations that name no frame of reference are not taken for aligned", () => {
    const [now, other] = [series("t1c", "t1c", ""), series("t2", "t2", "")];
    const prior: Prior = { days: 92, series: [series("old-t1c", "t1c", "")] };
    const [unnamed] = prior.series as [Series];
    const made = new Comparison();
    made.open([now, other], prior);
    expect([made.tieOf(unnamed), made.fromCurrent(unnamed), made.between(now, unnamed)]).toEqual(["none", null, null]);
    const cross = { kind: "cross", id: "cross", centre_mm: [1, 2, 3] } as unknown as Shape;
    expect(made.shapesOver(unnamed, [cross])).toEqual([]);
    expect([made.between(now, other), made.between(now, now)]).toEqual([null, [0, 0, 0]]);
    made.shift.value = [1, -2, 30];
    expect([made.tieOf(unnamed), made.between(unnamed, now)]).toEqual(["here", [-1, 2, -30]]);
  });

  test("the next case starts without a link", () => {
    const made = opened();
    made.shift.value = [1, 1, 1];
    made.open(NOW, PRIOR);
    expect(made.shift.value).toBeNull();
    made.open(NOW, null, [1, 1, 1]); // kept of a case, and this one has no prior
    expect([made.shift.value, made.series, made.isPrior(old)]).toEqual([null, [], false]);
  });

  test("linked panes scroll together over the shift; unlinked ones stay", () => {
    const made = opened();
    const goToPoint = vi.fn();
    const cut = "acquired";
    const source = { series: t1c, cut, view: () => ({ plane: { point: [0, 0, 40] } }) } as unknown as Pane;
    const other = { series: old, cut, goToPoint } as unknown as Pane;
    alignTogether([source, other], source, made.between);
    expect(goToPoint).not.toHaveBeenCalled();
    made.shift.value = [0, 0, -15];
    alignTogether([source, other], source, made.between);
    expect(goToPoint).toHaveBeenCalledWith([0, 0, 25]);
  });

  test("the shift is what both panes show in their middle, and is an event", () => {
    const comparison = opened();
    const pane = (of: Series, at: Vector): Pane => ({ series: of, toPatient: () => at }) as unknown as Pane;
    const [log, keepLink] = [vi.fn(), vi.fn()];
    const viewing = {
      comparison,
      active: { value: 1 },
      stage: { panes: [pane(t1c, [5, 6, 7]), pane(old, [9, 6, -3])] },
      seats: { middleOf: () => [0, 0] },
      host: { log, keepLink },
    } as unknown as Viewing;
    linkPrior(viewing);
    expect(comparison.shift.value).toEqual([4, 0, -10]);
    expect(log).toHaveBeenCalledWith("link", { prior_shift_mm: [4, 0, -10] });
    linkPrior(viewing);
    expect(comparison.shift.value).toBeNull();
    expect(keepLink.mock.calls).toEqual([[[4, 0, -10]], [null]]);
  });
});

describe("what is drawn over the prior", () => {
  const mark = { kind: "mark", id: "m", centre_mm: [1, 2, 3], contours_mm: [[[1, 2, 3]]] } as unknown as Shape;
  const proposal = { kind: "proposal", id: "p", centre_mm: [1, 2, 3] } as unknown as Shape;
  const lesion = { kind: "lesion", id: "1", centre_mm: [1, 2, 3] } as unknown as Shape;
  const measure = (of: string): Shape => ({ kind: "measure", id: of, series: of }) as unknown as Shape;
  const all = [mark, proposal, lesion, measure("t1c"), measure("old-t1c")];
  const kinds = (shapes: readonly Shape[]): string[] => shapes.map((each) => `${each.kind} ${each.id}`);

  test("the reader's own marks, moved; never proposals or the reference standard", () => {
    const made = opened();
    made.shift.value = [10, 0, 0];
    const over = made.shapesOver(old, all);
    expect(kinds(over)).toEqual(["mark m", "measure old-t1c"]);
    expect(over[0]).toMatchObject({ centre_mm: [11, 2, 3], contours_mm: [[[11, 2, 3]]] });
  });

  test("nothing of the current examination while it is not linked", () => {
    expect(kinds(opened().shapesOver(old, all))).toEqual(["measure old-t1c"]);
  });

  test("over the current images all but what was measured on the prior", () => {
    expect(kinds(opened().shapesOver(t1c, all))).toEqual(["mark m", "proposal p", "lesion 1", "measure t1c"]);
  });
});
