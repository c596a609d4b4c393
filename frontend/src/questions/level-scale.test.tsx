// @vitest-environment jsdom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { digitHelp, levelKeys, percentOf, ratingOf, ratingWords } from "../reading/scales";
import { LevelScale } from "./level-scale";

const LEVELS = ["surely none", "probably none", "unsure", "probable", "sure"];
const scale = { levels: LEVELS, low_label: "", high_label: "" };
const range = { levels: [], low_label: "", high_label: "" };

describe("R3: a rating is on the study's scale", () => {
  test("digits are tens of 0 to 100, and levels by their number", () => {
    expect(["1", "9", "0", "m"].map((key) => ratingOf(key))).toEqual([10, 90, 100, null]);
    expect(["1", "5", "6", "0"].map((key) => ratingOf(key, 5))).toEqual([1, 5, null, null]);
    expect(["9", "0"].map((key) => ratingOf(key, 10))).toEqual([9, 10]);
  });

  test("a rating is said and drawn by its scale", () => {
    expect([ratingWords(4, scale), ratingWords(40, range)]).toEqual(["4 probable", "40"]);
    expect([percentOf(4, scale), percentOf(40, range), percentOf(null, scale)]).toEqual([80, 40, 0]);
    expect([levelKeys(5), levelKeys(10)]).toEqual(["1 … 5", "1 … 9, 0"]);
    expect(digitHelp(5)).toContain("1 … 5");
    expect(digitHelp(0)).not.toContain("1 … 5");
  });
});

describe("a scale of levels", () => {
  const rate = vi.fn<(value: number) => void>();
  let page: HTMLElement;
  const show = (value: number | null, isDisabled = false): void =>
    act(() => {
      render(
        <LevelScale id="sure" label="How sure?" levels={LEVELS} value={value} isDisabled={isDisabled} onChange={rate} />,
        page,
      );
    }) as unknown as void;
  const choices = (): HTMLInputElement[] => [...page.querySelectorAll("input")];

  beforeEach(() => {
    page = document.body.appendChild(document.createElement("div"));
    rate.mockReset();
  });
  afterEach(() => {
    render(null, page);
    page.remove();
  });

  test("shows each level's digit and words, and no answer before there is one", () => {
    show(null);
    expect([...page.querySelectorAll("label")].map((each) => each.textContent)).toEqual(
      LEVELS.map((words, below) => `${below + 1}${words}`),
    );
    expect(choices().some((each) => each.checked)).toBe(false);
    show(4);
    expect(choices().map((each) => each.checked)).toEqual([false, false, false, true, false]);
  });

  test("is answered by a click and by a digit; a digit that is no level answers nothing", () => {
    show(null);
    choices()[1]?.click();
    const press = (key: string): boolean =>
      choices()[0]?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })) ?? false;
    press("5");
    press("7");
    expect(rate.mock.calls).toEqual([[2], [5]]);
  });

  test("that is taken for good: arrows lead, and Enter takes the level that they led to", () => {
    void act(() => {
      render(<LevelScale id="sure" label="How sure?" levels={LEVELS} value={null} isFinal onChange={rate} />, page);
    });
    const press = (key: string): void =>
      void document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    choices()[0]?.focus();
    press("ArrowDown");
    press("ArrowRight");
    expect(document.activeElement).toBe(choices()[2]);
    expect(rate).not.toHaveBeenCalled();
    press("Enter");
    expect(rate.mock.calls).toEqual([[3]]);
  });

  test("of a read that is signed takes nothing", () => {
    show(3, true);
    choices()[0]?.dispatchEvent(new KeyboardEvent("keydown", { key: "5", bubbles: true }));
    expect(rate).not.toHaveBeenCalled();
    expect(choices().every((each) => each.disabled)).toBe(true);
  });
});
