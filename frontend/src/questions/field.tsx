import type { VNode } from "preact";

import type { AnswerValue, Question } from "../api/types";
import { t } from "../i18n";
import { levelsOf } from "../reading/scales";
import { LevelScale } from "./level-scale";
import { RatingScale } from "./rating-scale";
import { useTyping } from "./typing";

// A browser's number field holds back what is no number yet ("4."), and shows it no more.
const NO_NUMBER = /[^\d.,+-]/g;

interface Props {
  question: Question;
  value: AnswerValue;
  isReadOnly: boolean;
  /** Whether it is kept. */
  onAnswer: (value: AnswerValue) => boolean;
}

/** The field of a question, by its kind; every one can be answered from the keyboard. */
export function Field(props: Props): VNode {
  switch (props.question.kind) {
    case "rating":
      return <RatingField {...props} />;
    case "scale":
      return <ScaleField {...props} />;
    case "choice":
      return <ChoiceField {...props} />;
    case "multichoice":
      return <MultichoiceField {...props} />;
    case "number":
      return <NumberField {...props} />;
    case "text":
      return <TextField {...props} />;
  }
}

function RatingField({ question, value, isReadOnly, onAnswer }: Props): VNode {
  return (
    <RatingScale
      id={`answer-${question.key}`}
      label={question.text}
      value={typeof value === "number" ? value : null}
      low={question.low_label || "0"}
      high={question.high_label || "100"}
      isDisabled={isReadOnly}
      onChange={onAnswer}
    />
  );
}

function ScaleField({ question, value, isReadOnly, onAnswer }: Props): VNode {
  return (
    <LevelScale
      id={`answer-${question.key}`}
      label={question.text}
      levels={levelsOf(question)}
      value={typeof value === "number" ? value : null}
      isDisabled={isReadOnly}
      onChange={onAnswer}
    />
  );
}

function ChoiceField({ question, value, isReadOnly, onAnswer }: Props): VNode {
  return (
    <div class="choices" role="radiogroup" aria-labelledby={`text-${question.key}`}>
      {question.choices.map((choice) => (
        <label key={choice.value} class="choice">
          <input
            type="radio"
            name={question.key}
            value={choice.value}
            checked={value === choice.value}
            disabled={isReadOnly}
            data-testid={`answer-${question.key}-${choice.value}`}
            onChange={() => onAnswer(choice.value)}
          />
          <span>{choice.label}</span>
        </label>
      ))}
    </div>
  );
}

function MultichoiceField({ question, value, isReadOnly, onAnswer }: Props): VNode {
  const chosen = new Set(Array.isArray(value) ? (value as string[]) : []);
  const toggle = (choice: string): void => {
    const next = question.choices.map((each) => each.value);
    onAnswer(next.filter((each) => chosen.has(each) !== (each === choice)));
  };
  return (
    <div class="choices" role="group" aria-labelledby={`text-${question.key}`}>
      {question.choices.map((choice) => (
        <label key={choice.value} class="choice">
          <input
            type="checkbox"
            checked={chosen.has(choice.value)}
            disabled={isReadOnly}
            data-testid={`answer-${question.key}-${choice.value}`}
            onChange={() => toggle(choice.value)}
          />
          <span>{choice.label}</span>
        </label>
      ))}
    </div>
  );
}

function NumberField({ question, value, isReadOnly, onAnswer }: Props): VNode {
  const shown = typeof value === "number" ? String(value) : "";
  const typing = useTyping(shown, isReadOnly, (text) => {
    const number = text === "" ? null : Number(text.replace(",", "."));
    return number !== null && Number.isNaN(number) ? true : onAnswer(number);
  });
  const limits = limitsOf(question);
  return (
    <div class="number-field">
      <input
        type="text"
        inputMode="decimal"
        value={typing.text}
        disabled={isReadOnly}
        aria-labelledby={`text-${question.key}`}
        aria-describedby={limits ? `limits-${question.key}` : undefined}
        data-testid={`answer-${question.key}`}
        onInput={({ currentTarget: field }) => {
          field.value = field.value.replace(NO_NUMBER, "");
          typing.type(field.value);
        }}
        onBlur={typing.leave}
      />
      {limits && <span class="quiet-text" id={`limits-${question.key}`}>{limits}</span>}
    </div>
  );
}

/** Which numbers a question takes, in words; empty for any. */
function limitsOf({ minimum, maximum }: Question): string {
  if (minimum !== null && maximum !== null) return t("questions.range", { low: minimum, high: maximum });
  if (minimum !== null) return t("questions.at_least", { low: minimum });
  return maximum === null ? "" : t("questions.at_most", { high: maximum });
}

function TextField({ question, value, isReadOnly, onAnswer }: Props): VNode {
  const shown = typeof value === "string" ? value : "";
  const typing = useTyping(shown, isReadOnly, (text) => onAnswer(text.trim() || null));
  return (
    <textarea
      rows={1}
      value={typing.text}
      maxLength={4000}
      disabled={isReadOnly}
      aria-labelledby={`text-${question.key}`}
      data-testid={`answer-${question.key}`}
      onInput={(event) => typing.type(event.currentTarget.value, event.isComposing)}
      onCompositionEnd={(event) => typing.type(event.currentTarget.value)}
      onBlur={typing.leave}
    />
  );
}
