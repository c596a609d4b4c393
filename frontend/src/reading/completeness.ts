import type { AnswerValue, Question } from "../api/types";
import { standing, type Draft } from "./draft";

/** One thing to do before signing, and where it is. */
export type Gap =
  | { what: "mark"; number: number; mark_id: string }
  | { what: "marks" }
  | { what: "contradiction" }
  | { what: "question"; key: string; text: string; isWrong: boolean };

/** The questions that are asked, given the answers so far; as `reads.completeness.shown`. */
export function asked(
  questions: readonly Question[],
  answers: Readonly<Record<string, AnswerValue>>,
): readonly Question[] {
  const keys = new Set<string>();
  return questions.filter((question) => {
    const parent = question.shown_if.question;
    const isAsked =
      parent === undefined ||
      (keys.has(parent) && answers[parent] === question.shown_if.equals);
    if (isAsked) keys.add(question.key);
    return isAsked;
  });
}

/** All that is missing; the server checks the same once more. */
export function gaps(questions: readonly Question[], draft: Draft): readonly Gap[] {
  const marks = standing(draft);
  const unrated = marks.filter((mark) => mark.rating === null);
  const found: Gap[] = unrated.map(({ number, mark_id }) => ({ what: "mark", number, mark_id }));
  if (marks.length === 0 && !draft.noLesionSaid) found.push({ what: "marks" });
  if (marks.length > 0 && draft.noLesionSaid) found.push({ what: "contradiction" });
  for (const question of asked(questions, draft.answers)) {
    const value = draft.answers[question.key] ?? null;
    const { key, text } = question;
    if (isEmpty(value)) {
      if (question.is_required) found.push({ what: "question", key, text, isWrong: false });
    } else if (!fits(question, value)) {
      found.push({ what: "question", key, text, isWrong: true });
    }
  }
  return found;
}

export function isEmpty(value: AnswerValue): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

/** Whether an answer is one that the question allows. */
export function fits(question: Question, value: AnswerValue): boolean {
  switch (question.kind) {
    case "rating":
      return isBetween(value, 0, 100);
    case "scale":
      return Number.isInteger(value) && isBetween(value, 1, question.choices.length);
    case "number":
      return isBetween(value, question.minimum, question.maximum);
    case "choice":
      return question.choices.some((choice) => choice.value === value);
    case "multichoice": {
      const known = new Set(question.choices.map((choice) => choice.value));
      return Array.isArray(value) && value.every((each: string) => known.has(each));
    }
    case "text":
      return typeof value === "string";
  }
}

function isBetween(value: AnswerValue, low: number | null, high: number | null): boolean {
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  return (low === null || value >= low) && (high === null || value <= high);
}
