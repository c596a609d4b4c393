// @vitest-environment jsdom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { AnswerValue, Question } from "../api/types";
import { Field } from "./field";

const answers: AnswerValue[] = [];
let host: HTMLElement;
let isKept = true;

function show(kind: "text" | "number", value: AnswerValue = null, isReadOnly = false): HTMLInputElement {
  const question = { key: "q", kind, text: "Why?", minimum: null, maximum: null } as Question;
  const onAnswer = (answer: AnswerValue): boolean => {
    if (!isKept) return false;
    answers.push(answer);
    show(kind, answer); // as the room does
    return true;
  };
  void act(() => render(<Field question={question} value={value} isReadOnly={isReadOnly} onAnswer={onAnswer} />, host));
  return host.querySelector<HTMLInputElement>("[data-testid=answer-q]") as HTMLInputElement;
}

function type(field: HTMLInputElement, text: string): void {
  void act(() => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

function wait(ms: number): void {
  void act(() => void vi.advanceTimersByTime(ms));
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  answers.length = 0;
  isKept = true;
  host = document.body.appendChild(document.createElement("div"));
});

afterEach(() => {
  void act(() => render(null, host));
  host.remove();
  vi.useRealTimers();
});

test("r7: what is typed is kept at a pause, in a field that is not left", () => {
  const field = show("text");
  type(field, "near the ");
  wait(699);
  expect(answers).toEqual([]);
  wait(1);
  expect(answers).toEqual(["near the"]);
  expect(field.value).toBe("near the "); // the space before the next word stays
  type(field, "near the sinus");
  wait(700);
  expect(answers).toEqual(["near the", "near the sinus"]);
});

test("r7: who types without a pause loses three seconds at most", () => {
  const field = show("text");
  for (let at = 0; at < 16; at += 1) {
    type(field, "x".repeat(at + 1));
    wait(200);
  }
  expect(answers).toEqual(["x".repeat(15)]);
});

test("on leaving a field, and where its question hides, it is kept at once", () => {
  const field = show("text");
  type(field, "one");
  void act(() => void field.dispatchEvent(new FocusEvent("blur")));
  expect(answers).toEqual(["one"]);
  type(field, "one two");
  void act(() => render(null, host));
  expect(answers).toEqual(["one", "one two"]);
  wait(5_000);
  expect(answers).toHaveLength(2);
});

test("numbers are kept as numbers, an emptied field as no answer", () => {
  const field = show("number", 4);
  expect(field.value).toBe("4");
  type(field, "4.5");
  wait(700);
  type(field, "");
  wait(700);
  expect(answers).toEqual([4.5, null]);
});

test.each(["4.5", "4,5"])("a number is never kept or shown otherwise than it is typed: %s", (typed) => {
  const field = show("number");
  for (const text of ["4", typed.slice(0, 2)]) {
    type(field, text);
    wait(400); // the pause after "4" would end within the next key's
    expect(field.value).toBe(text);
  }
  wait(700);
  expect(field.value).toBe(typed.slice(0, 2));
  type(field, typed);
  expect(field.value).toBe(typed);
  wait(700);
  expect(answers.at(-1)).toBe(4.5);
  expect(answers).not.toContain(45);
});

test("what is no number yet stays in the field, and the answer as it was; letters do not come in", () => {
  const field = show("number", 4);
  type(field, "-");
  wait(700);
  expect([field.value, answers]).toEqual(["-", []]);
  type(field, "-2e");
  expect(field.value).toBe("-2");
  type(field, "-");
  void act(() => void field.dispatchEvent(new FocusEvent("blur")));
  expect([field.value, answers]).toEqual(["4", []]);
});

test("what cannot be kept now stays in the field and is kept once it can be", () => {
  const field = show("text");
  isKept = false; // a mark waits for its rating
  type(field, "near the sinus");
  wait(700);
  void act(() => void field.dispatchEvent(new FocusEvent("blur")));
  expect([field.value, answers]).toEqual(["near the sinus", []]);
  isKept = true;
  show("text"); // it has been rated: the case is drawn anew
  expect(answers).toEqual(["near the sinus"]);
  show("text", "other");
  expect(field.value).toBe("other");
});

test("c10: where another window takes the case, what was not kept is gone", () => {
  const field = show("text", "old");
  type(field, "new");
  show("text", "old", true);
  expect(field.value).toBe("old");
  wait(5_000);
  expect(answers).toEqual([]);
});

test("while an input method chooses characters nothing is kept", () => {
  const field = show("text");
  void act(() => {
    field.value = "nao";
    field.dispatchEvent(new InputEvent("input", { bubbles: true, isComposing: true }));
  });
  wait(5_000);
  expect([field.value, answers]).toEqual(["nao", []]);
  void act(() => {
    field.value = "脑";
    field.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
  });
  wait(700);
  expect(answers).toEqual(["脑"]);
});

test("an answer that comes back otherwise is shown once nobody types", () => {
  const field = show("text", "old");
  type(field, "new");
  show("text", "other");
  expect(field.value).toBe("new");
  void act(() => void field.dispatchEvent(new FocusEvent("blur")));
  show("text", "other");
  expect(field.value).toBe("other");
});

test.each([
  [1, 52, "1 to 52"],
  [0.5, null, "0.5 or more"],
  [null, 9, "up to 9"],
  [null, null, null],
])("r12: a number's limits, %s and %s, are said with its field", (minimum, maximum, words) => {
  const question = { key: "q", kind: "number", text: "Why?", minimum, maximum } as Question;
  void act(() => render(<Field question={question} value={null} isReadOnly={false} onAnswer={() => true} />, host));
  const described = host.querySelector("input")?.getAttribute("aria-describedby");
  expect(described ? document.getElementById(described)?.textContent : null).toBe(words);
});
