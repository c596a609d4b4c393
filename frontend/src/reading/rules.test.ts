import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Pair, Question, Series } from "../api/types";
import { en } from "../i18n/en";
import { zh } from "../i18n/zh";
import { Bursts } from "./bursts";
import { asked, gaps } from "./completeness";
import { COMMANDS } from "./commands";
import type { Draft } from "./draft";
import { DailyCheck, ScreenScale } from "./display";
import { firstLayout, firstWindow, hang, inHangingOrder, proposedOn, windowsOf } from "./hanging";
import { BINDINGS, bindingOf, spell } from "./keys";
import { bindingsWith, ownAfter, refusalOf, takenBy } from "./own-keys";
import { Presence } from "./presence";

const question = (key: string, more: Partial<Question> = {}): Question => ({
  key,
  text: key,
  help: "",
  kind: "rating",
  choices: [],
  low_label: "",
  high_label: "",
  minimum: null,
  maximum: null,
  is_required: true,
  is_primary: false,
  shown_if: {},
  ...more,
});
const empty: Draft = { marks: [], answers: {}, noLesionSaid: false, decisions: {}, measures: [] };

describe("completeness, by the server's rules", () => {
  const plan = question("plan", {
    kind: "choice",
    choices: [
      { value: "wait", label: "Wait" },
      { value: "treat", label: "Treat" },
    ],
  });
  const weeks = question("weeks", {
    kind: "number",
    minimum: 1,
    maximum: 52,
    shown_if: { question: "plan", equals: "wait" },
  });
  const why = question("why", { kind: "text", shown_if: { question: "weeks", equals: 4 } });

  test("a question is asked only when the one it hangs on is asked and answered so", () => {
    const keys = (answers: Draft["answers"]): string[] =>
      asked([plan, weeks, why], answers).map((each) => each.key);
    expect(keys({})).toEqual(["plan"]);
    expect(keys({ plan: "wait" })).toEqual(["plan", "weeks"]);
    expect(keys({ plan: "wait", weeks: 4 })).toEqual(["plan", "weeks", "why"]);
    expect(keys({ plan: "treat", weeks: 4 })).toEqual(["plan"]);
  });

  test("r4: neither a mark nor a word about none is a gap", () => {
    expect(gaps([], empty)).toEqual([{ what: "marks" }]);
    expect(gaps([], { ...empty, noLesionSaid: true })).toEqual([]);
  });

  test("answers outside the question's range are gaps of their own kind", () => {
    const draft = { ...empty, noLesionSaid: true, answers: { plan: "wait", weeks: 53 } };
    expect(gaps([plan, weeks], draft)).toEqual([
      { what: "question", key: "weeks", text: "weeks", isWrong: true },
    ]);
  });

  test.each([
    ["rating", 101],
    ["rating", "50"],
    ["scale", 0],
    ["scale", 3],
    ["scale", 1.5],
    ["scale", "1"],
    ["choice", "never"],
    ["multichoice", ["wait", "never"]],
    ["text", 3],
  ] as const)("a %s cannot be %j", (kind, value) => {
    const draft = { ...empty, noLesionSaid: true, answers: { x: value } };
    expect(gaps([question("x", { kind, choices: plan.choices })], draft)).toHaveLength(1);
  });

  test("an optional question may stay empty, a zero is an answer", () => {
    const optional = question("note", { kind: "text", is_required: false });
    const draft = { ...empty, noLesionSaid: true, answers: { rating: 0 } };
    expect(gaps([question("rating"), optional], draft)).toEqual([]);
  });
});

describe("presence (c8, c9)", () => {
  const time = { mono: 0, wall: 0 };
  const clock = { mono_ms: () => time.mono, wall_ms: () => time.wall };
  const pass = (ms: number, presence: Presence): void => {
    for (let left = ms; left > 0; left -= 1_000) {
      time.mono += 1_000;
      time.wall += 1_000;
      presence.tick();
    }
  };
  let told: [string, unknown][];
  let presence: Presence;
  beforeEach(() => {
    Object.assign(time, { mono: 0, wall: 1_000_000 });
    told = [];
    presence = new Presence(clock, 60_000, (kind, payload) => told.push([kind, payload]));
  });

  test("r8: sixty seconds without input begin an idle spell once; input ends it", () => {
    pass(59_000, presence);
    expect(told).toEqual([]);
    pass(5_000, presence);
    expect(told.map(([kind]) => kind)).toEqual(["idle_start"]);
    presence.input();
    expect(told.map(([kind]) => kind)).toEqual(["idle_start", "idle_end"]);
  });

  test("c8: a sleep that stops the monotonic clock is told with both gaps", () => {
    pass(3_000, presence);
    time.wall += 1_800_000;
    pass(1_000, presence);
    expect(told).toEqual([["suspended", { mono_gap_ms: 1_000, wall_gap_ms: 1_801_000 }]]);
  });

  test("c7: a wall clock that is put back is no sleep", () => {
    time.wall -= 86_400_000;
    pass(2_000, presence);
    expect(told).toEqual([]);
  });

  test("a moving pointer is told now and then, not each time", () => {
    for (let step = 0; step < 40; step += 1) {
      time.mono += 1_000;
      time.wall += 1_000;
      presence.pointerMoved();
      presence.tick();
    }
    expect(told.map(([kind]) => kind)).toEqual(["tool", "tool", "tool"]);
  });
});

describe("bursts", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test("a burst of scrolls is one event with where it led and how many steps", () => {
    const told: unknown[] = [];
    const bursts = new Bursts((kind, payload) => told.push([kind, payload]));
    for (const slice of [4, 5, 6]) bursts.add("scroll", { slice });
    expect(told).toEqual([]);
    vi.advanceTimersByTime(260);
    expect(told).toEqual([["scroll", { slice: 6, steps: 3 }]]);
  });

  test("a long burst is told every second, so that nobody who scrolls seems idle", () => {
    const told: unknown[] = [];
    const bursts = new Bursts((_, payload) => told.push(payload));
    for (let step = 0; step < 50; step += 1) {
      bursts.add("scroll", { slice: step });
      vi.advanceTimersByTime(100);
    }
    expect(told.length).toBeGreaterThanOrEqual(4);
  });

  test("what is open is told when the case is signed", () => {
    const told: unknown[] = [];
    const bursts = new Bursts((kind) => told.push(kind));
    bursts.add("zoom", {});
    bursts.add("pan", {});
    bursts.flush();
    vi.advanceTimersByTime(1_000);
    expect(told).toEqual(["zoom", "pan"]);
  });
});

describe("hanging", () => {
  const series = (role: Series["role"]): Series => ({ id: role, role }) as Series;
  const all = [series("t1"), series("t2"), series("flair"), series("t1c")];
  const roles = (layout: Parameters<typeof hang>[0], first?: Series): string[] =>
    hang(layout, all, first).map((each) => `${each.series.role} ${each.cut}`);

  test("series hang by role, T1c first and large, in whatever order they come", () => {
    expect(firstLayout(all)).toBe("main");
    expect(roles("main")).toEqual(["t1c acquired", "flair acquired", "t2 acquired", "t1 acquired"]);
  });

  test("a protocol names the layout, the order and the window; what it does not name is as usual", () => {
    expect(firstLayout(all, "two")).toBe("two");
    expect(firstLayout(all.slice(0, 1), "main")).toBe("main");
    const ids = (order: readonly Series["role"][]): string[] =>
      inHangingOrder(all, order).map((each) => each.id);
    expect(ids(["flair", "t1"])).toEqual(["flair", "t1", "t1c", "t2"]);
    expect(hang("two", all, undefined, ["t2"]).map((each) => each.series.id)).toEqual(["t2", "t1c"]);
    const mr = {
      geometry: { window: [500, 900], presets: { narrow: [500, 495] } },
    } as unknown as Series;
    expect(firstWindow(mr, "narrow")).toEqual([500, 495]);
    expect(firstWindow(mr, "bone")).toEqual([500, 900]);
  });

  test("ct opens in the brain's window, mr by percentiles; both have the other windows after it", () => {
    const of = (window: Pair, presets: Record<string, Pair>): Series =>
      ({ geometry: { window, presets } }) as unknown as Series;
    const ct = of([40, 80], { auto: [350, 1316], bone: [600, 2800], brain: [40, 80] });
    const mr = of([500, 900], { auto: [500, 900], narrow: [500, 495] });
    expect(windowsOf(ct).map(([name]) => name)).toEqual(["brain", "bone", null]);
    expect(windowsOf(mr).map(([name]) => name)).toEqual([null, "narrow"]);
    expect(firstWindow(ct, "auto")).toEqual([40, 80]);
    expect(firstWindow(ct, "wide")).toEqual([40, 80]);
    const of_an_earlier_release = of([350, 1316], { brain: [40, 80] });
    expect(windowsOf(of_an_earlier_release).map(([name]) => name)).toEqual([null, "brain"]);
  });

  test("r5: a proposal that is taken over is a mark on the series that proposals lie on", () => {
    const of = (...roles: Series["role"][]): Series[] => roles.map((role) => ({ id: role, role }) as Series);
    expect(proposedOn(of("flair", "ct", "t1c"))?.id).toBe("t1c");
    expect(proposedOn(of("flair", "ct"))?.id).toBe("ct");
    expect(proposedOn(of("flair"))?.id).toBe("flair");
    expect(proposedOn([])).toBeUndefined();
  });

  test("three planes are of one series", () => {
    expect(roles("planes", all[1])).toEqual(["t2 axial", "t2 sagittal", "t2 coronal"]);
  });

  test("a layout never has more panes than series", () => {
    expect(hang("four", all.slice(0, 2), undefined)).toHaveLength(2);
    expect(firstLayout(all.slice(0, 1))).toBe("one");
    expect(hang("main", [], undefined)).toEqual([]);
  });
});

describe("keys", () => {
  const press = (key: string, held: Partial<KeyboardEvent> = {}): string =>
    spell({ key, ctrlKey: false, metaKey: false, shiftKey: false, ...held });

  test("caps lock changes nothing, shift does", () => {
    expect(bindingOf(press("N"))?.command).toBe("mark.next");
    expect(bindingOf(press("N", { shiftKey: true }))?.command).toBe("mark.previous");
    expect(bindingOf(press("z", { metaKey: true }))?.command).toBe("undo");
    expect(bindingOf(press("?", { shiftKey: true }))?.command).toBe("keys.show");
  });

  test("no key does two things and every command of a key exists", () => {
    const keys = BINDINGS.flatMap((binding) => binding.keys);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { command } of BINDINGS) expect(Object.keys(COMMANDS)).toContain(command);
  });
});

describe("a reader's own keys", () => {
  const invert = bindingOf("i");
  const loupe = bindingOf("j");

  test("r12: take the place of the usual ones, which are free then", () => {
    const bindings = bindingsWith({ "window.invert": ["\\"], gone: ["b"], "view.fit": [] });
    expect(bindingOf("\\", bindings)?.command).toBe("window.invert");
    expect(bindingOf("i", bindings)).toBeUndefined();
    expect(bindingOf("f", bindings)?.command).toBe("view.fit");
    expect(bindings).toHaveLength(BINDINGS.length);
  });

  test("r12: a key of theirs stays theirs when a later release gives it to a new command", () => {
    const bindings = bindingsWith({ "view.planes": ["shift+<"], "keys.show": ["Enter"] });
    expect(bindingOf("shift+<", bindings)?.command).toBe("view.planes");
    expect(bindingOf("<", bindings)?.command).toBe("mark.smaller");
    expect(bindingOf("Enter", bindings)?.command).toBe("keys.show");
  });

  test("r12: a key that does something else already is told by what", () => {
    expect(takenBy(BINDINGS, "window.invert", "m")?.command).toBe("mark.put");
    expect(takenBy(BINDINGS, "window.invert", "i")).toBeUndefined();
  });

  test("digits and the browser's keys are refused, Shift with a held key is not", () => {
    if (!invert || !loupe) throw new Error("These keys are there.");
    expect(["1", "mod+w", "F5", "shift+F5", "\\", "shift+I"].map((key) => refusalOf(invert, key))).toEqual([
      "rating", "browser", "browser", "browser", null, null,
    ]);
    expect([refusalOf(loupe, "shift+J"), refusalOf(loupe, "'")]).toEqual([null, null]);
  });

  test("only what differs from the usual is kept", () => {
    const own = ownAfter({ gone: ["b"] }, "window.invert", "\\");
    expect(own).toEqual({ "window.invert": ["\\"] });
    expect(ownAfter(own, "window.invert", "i")).toEqual({});
  });
});

describe("words", () => {
  const holes = (words: string): string[] => [...words.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? "").sort();

  test("every language fills the same blanks", () => {
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      expect([key, holes(zh[key])]).toEqual([key, holes(en[key])]);
    }
  });

  test("every key has words in every language", () => {
    const untold = Object.entries(zh).filter(([key, words]) => !words && key !== "cut.acquired");
    expect(untold).toEqual([]);
  });
});

test("r11: a screen's scale is kept as it was measured, and only what can be", () => {
  const kept = new Map<string, string>();
  const scale = new ScreenScale({
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  });
  expect(scale.pixels_per_mm).toBeNull();
  scale.keep(4.3217);
  expect(scale.pixels_per_mm).toBe(4.32);
  scale.keep(400);
  expect(scale.pixels_per_mm).toBeNull();
  scale.keep(4);
  scale.keep(null);
  expect(scale.css_px_per_mm).toBeNull();
});

test("r11: the display check is asked once a day and per user", () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  let day = "Mon";
  const check = new DailyCheck("rae", storage, () => day);
  expect(check.isDone).toBe(false);
  check.done();
  expect(check.isDone).toBe(true);
  expect(new DailyCheck("gus", storage, () => day).isDone).toBe(false);
  day = "Tue";
  expect(check.isDone).toBe(false);
});
