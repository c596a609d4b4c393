import type { VNode } from "preact";

import type { AnswerValue, Question } from "../api/types";
import { t } from "../i18n";
import { asked, fits, isEmpty } from "../reading/completeness";
import { Field } from "./field";

interface Props {
  questions: readonly Question[];
  answers: Readonly<Record<string, AnswerValue>>;
  isReadOnly: boolean;
  onAnswer: (key: string, value: AnswerValue) => boolean;
}

/** The questions of the study's form that are asked, given the answers so far. */
export function QuestionForm({ questions, answers, isReadOnly, onAnswer }: Props): VNode {
  return (
    <div class="questions" role="group" aria-label={t("questions.title")} data-testid="questions">
      {asked(questions, answers).map((question) => {
        const value = answers[question.key] ?? null;
        const isAnswered = !isEmpty(value) && fits(question, value);
        return (
          <div
            key={question.key}
            class={`question kind-${question.kind}${isAnswered ? " is-answered" : ""}`}
            data-question={question.key}
            data-answered={String(isAnswered)}
            data-required={String(question.is_required)}
            data-testid={`question-${question.key}`}
          >
            <p class="text" id={`text-${question.key}`}>
              {question.text}
              {question.is_required && !isAnswered && (
                <span class="required"> {t("questions.required")}</span>
              )}
            </p>
            <Field
              question={question}
              value={value}
              isReadOnly={isReadOnly}
              onAnswer={(next) => onAnswer(question.key, next)}
            />
            {question.help && <p class="help">{question.help}</p>}
          </div>
        );
      })}
    </div>
  );
}
