// @vitest-environment jsdom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { AnswerValue, Question } from "../api/types";
import { QuestionForm } from "./form";

const CHOICES = [
  { value: "front", label: "Frontal" },
  { value: "temp", label: "Temporal" },
  { value: "cereb", label: "Cerebellar" },
];
const question = (key: string, kind: Question["kind"], more: Partial<Question> = {}): Question => ({
  key, kind, text: `About ${key}?`, help: "", is_required: true, choices: kind.endsWith("choice") ? CHOICES : [],
  minimum: null, maximum: null, low_label: "", high_label: "", shown_if: {}, ...more,
}) as unknown as Question;

const told: [string, AnswerValue][] = [];
let answers: Record<string, AnswerValue>;
let host: HTMLElement;
let asked: readonly Question[];

/** As the room does: every answer is kept and the form drawn anew. */
function show(questions = asked, isReadOnly = false): void {
  asked = questions;
  const onAnswer = (key: string, value: AnswerValue): boolean => {
    told.push([key, value]);
    answers = { ...answers, [key]: value };
    show(asked, isReadOnly);
    return true;
  };
  void act(() => render(<QuestionForm questions={questions} answers={answers} isReadOnly={isReadOnly} onAnswer={onAnswer} />, host));
}
const find = (id: string): HTMLInputElement => host.querySelector(`[data-testid="${id}"]`) as HTMLInputElement;
const press = (id: string): void => void act(() => find(id).click()); // Space on it comes as a click, too
const isAnswered = (key: string): string | undefined => find(`question-${key}`).dataset.answered;
const shown = (): string[] => [...host.querySelectorAll<HTMLElement>("[data-question]")].map((each) => each.dataset.question ?? "");
const key = (id: string, name: string, more: KeyboardEventInit = {}): KeyboardEvent => {
  const event = new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...more });
  void act(() => void find(id).dispatchEvent(event));
  return event;
};
function type(id: string, text: string): void {
  void act(() => {
    find(id).value = text;
    find(id).dispatchEvent(new Event("input", { bubbles: true }));
  });
  void act(() => void find(id).dispatchEvent(new FocusEvent("blur")));
}

beforeEach(() => {
  told.length = 0;
  answers = {};
  host = document.body.appendChild(document.createElement("div"));
});
afterEach(() => {
  void act(() => render(null, host));
  host.remove();
});

describe("r12: every kind of question has fields that keys reach, with a name", () => {
  test.each([
    ["choice", "input[type=radio]", 3], ["multichoice", "input[type=checkbox]", 3], ["number", "input[type=text]", 1],
    ["text", "textarea", 1], ["rating", "input[type=range]", 1],
  ] as const)("%s", (kind, fields, count) => {
    show([question("q", kind)]);
    const found = [...host.querySelectorAll<HTMLInputElement>(fields)];
    expect(found).toHaveLength(count);
    expect(found.every((each) => each.tabIndex >= 0 && !each.disabled)).toBe(true);
    const named = host.querySelector("[aria-labelledby=text-q], [aria-label='About q?']");
    expect([named !== null, host.querySelector("#text-q")?.textContent]).toEqual([true, "About q? required"]);
    show([question("q", kind)], true);
    expect([...host.querySelectorAll<HTMLInputElement>(fields)].every((each) => each.disabled)).toBe(true);
  });
});

describe("r4: what is chosen", () => {
  test("one of many: its value, and another in its place; the radios are one group for the arrows", () => {
    show([question("where", "choice")]);
    press("answer-where-temp");
    press("answer-where-front");
    expect(told).toEqual([["where", "temp"], ["where", "front"]]);
    expect(CHOICES.map(({ value }) => find(`answer-where-${value}`).checked)).toEqual([true, false, false]);
    expect(new Set(CHOICES.map(({ value }) => find(`answer-where-${value}`).name)).size).toBe(1);
    expect(find("answer-where-temp").closest("label")?.textContent).toBe("Temporal");
  });

  test("several: a list in the question's own order, whatever the order they were pressed in", () => {
    show([question("where", "multichoice")]);
    for (const each of ["cereb", "front", "cereb", "temp"]) press(`answer-where-${each}`);
    expect(told.map(([, value]) => value)).toEqual([["cereb"], ["front", "cereb"], ["front"], ["front", "temp"]]);
    expect(CHOICES.map(({ value }) => find(`answer-where-${value}`).checked)).toEqual([true, true, false]);
    expect(isAnswered("where")).toBe("true");
  });

  test("of several none is no answer, and one that the question does not have is no fitting one", () => {
    show([question("where", "multichoice")]);
    press("answer-where-temp");
    press("answer-where-temp");
    expect(told.at(-1)).toEqual(["where", []]);
    expect(isAnswered("where")).toBe("false");
    answers = { where: ["temp", "gone"] };
    show();
    expect(isAnswered("where")).toBe("false");
  });
});

describe("r4: what is typed", () => {
  test("a number within its range is an answer, one outside is kept and is none, zero is one", () => {
    show([question("weeks", "number", { minimum: 0, maximum: 52 })]);
    expect(document.getElementById(find("answer-weeks").getAttribute("aria-describedby") ?? "")?.textContent).toBe("0 to 52");
    type("answer-weeks", "99");
    expect([told.at(-1), isAnswered("weeks")]).toEqual([["weeks", 99], "false"]);
    type("answer-weeks", "0");
    expect([told.at(-1), isAnswered("weeks")]).toEqual([["weeks", 0], "true"]);
    type("answer-weeks", "");
    expect([told.at(-1), isAnswered("weeks")]).toEqual([["weeks", null], "false"]);
  });

  test("a text without what surrounds it; only spaces are no answer", () => {
    show([question("why", "text")]);
    type("answer-why", "  beside the sinus \n");
    expect([told.at(-1), isAnswered("why")]).toEqual([["why", "beside the sinus"], "true"]);
    type("answer-why", "   ");
    expect([told.at(-1), isAnswered("why")]).toEqual([["why", null], "false"]);
  });
});

describe("r12: a rating by keys", () => {
  test("digits are tens and 0 is 100; they go no further, with Ctrl they are the browser's", () => {
    show([question("sure", "rating")]);
    const outside = vi.fn();
    host.addEventListener("keydown", outside);
    expect([key("answer-sure", "7").defaultPrevented, key("answer-sure", "0").defaultPrevented]).toEqual([true, true]);
    expect(told).toEqual([["sure", 70], ["sure", 100]]);
    expect(outside).not.toHaveBeenCalled();
    expect(key("answer-sure", "3", { ctrlKey: true }).defaultPrevented).toBe(false);
    key("answer-sure", "a");
    expect([told.length, outside.mock.calls.length]).toEqual([2, 2]);
  });

  test("none stands on the scale before there is one; the middle is one once it is pressed", () => {
    show([question("sure", "rating", { low_label: "absent", high_label: "present" })]);
    expect([find("answer-sure").getAttribute("aria-valuetext"), isAnswered("sure")]).toEqual(["not answered", "false"]);
    expect([...host.querySelectorAll(".end")].map((each) => each.textContent)).toEqual(["absent", "present"]);
    void act(() => void find("answer-sure").dispatchEvent(new Event("pointerup", { bubbles: true })));
    expect([told, isAnswered("sure")]).toEqual([[["sure", 50]], "true"]);
  });
});

describe("r4: a question that hangs on an answer", () => {
  const chain = [
    question("plan", "choice"),
    question("weeks", "number", { shown_if: { question: "plan", equals: "front" } }),
    question("why", "text", { shown_if: { question: "weeks", equals: 6 } }),
  ];

  test("shows with it, hides without it, and hides what hangs on itself", () => {
    show(chain);
    expect(shown()).toEqual(["plan"]);
    press("answer-plan-front");
    expect(shown()).toEqual(["plan", "weeks"]);
    type("answer-weeks", "5");
    expect(shown()).toEqual(["plan", "weeks"]);
    type("answer-weeks", "6");
    expect(shown()).toEqual(["plan", "weeks", "why"]);
    press("answer-plan-temp");
    expect(shown()).toEqual(["plan"]);
  });

  test("comes back with what was answered; none is made up by hiding it", () => {
    show(chain);
    press("answer-plan-front");
    type("answer-weeks", "6");
    press("answer-plan-temp");
    press("answer-plan-front");
    expect(find("answer-weeks").value).toBe("6");
    expect(told.map(([key]) => key)).toEqual(["plan", "weeks", "plan", "plan"]);
  });
});
