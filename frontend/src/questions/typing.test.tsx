// @vitest-environment jsdom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { AnswerValue, Question } from "../api/types";
import { Field } from "./field";

const answers: AnswerValue[] = [];
let host: HTMLElement;

function show(kind: "text" | "number", value: AnswerValue = null): HTMLInputElement {
  const question = { key: "q", kind, text: "Why?", minimum: null, maximum: null } as Question;
  const onAnswer = (answer: AnswerValue): void => {
    answers.push(answer);
    show(kind, answer); // as the room does
  };
  void act(() => render(<Field question={question} value={value} isReadOnly={false} onAnswer={onAnswer} />, host));
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

test("what is no number yet is left in the field, and the answer as it was", () => {
  const field = show("number", 4);
  vi.spyOn(field, "validity", "get").mockReturnValue({ badInput: true } as ValidityState);
  type(field, "");
  wait(700);
  expect(answers).toEqual([]);
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
