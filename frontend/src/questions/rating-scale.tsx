import type { VNode } from "preact";
import { useSignal } from "@preact/signals";

import { t } from "../i18n";
import { ratingOf } from "../reading/scales";

interface Props {
  id: string;
  label: string;
  /** 0 to 100; null: not answered, and no place on the scale is taken for an answer. */
  value: number | null;
  low: string;
  high: string;
  isDisabled?: boolean;
  onChange: (value: number) => void;
}

/** A scale from 0 to 100: drag, click, arrows, or a digit for tens. */
export function RatingScale(props: Props): VNode {
  const { id, label, value, low, high, isDisabled = false, onChange } = props;
  const moving = useSignal<number | null>(null);
  const shown = moving.value ?? value;
  const settle = (next: number): void => {
    moving.value = null;
    onChange(next);
  };
  return (
    <div class={shown === null ? "scale is-unanswered" : "scale"}>
      <input
        type="range"
        id={id}
        min={0}
        max={100}
        step={1}
        value={shown ?? 50}
        disabled={isDisabled}
        aria-label={label}
        aria-valuetext={shown === null ? t("questions.unanswered") : String(shown)}
        style={{ "--at": `${shown ?? 0}%` }}
        data-testid={id}
        onInput={(event) => (moving.value = Number(event.currentTarget.value))}
        onChange={(event) => settle(Number(event.currentTarget.value))}
        // Pressing the middle of an unanswered scale changes nothing for the browser, yet answers;
        // a finger's press is no click there.
        onPointerUp={(event) => {
          if (value === null) settle(Number(event.currentTarget.value));
        }}
        onKeyDown={(event) => {
          const digit = ratingOf(event.key);
          if (digit === null || event.ctrlKey || event.metaKey) return;
          event.preventDefault();
          event.stopPropagation();
          settle(digit);
        }}
      />
      <output class="value">{shown ?? "–"}</output>
      <span class="end low">{low}</span>
      <span class="end high">{high}</span>
    </div>
  );
}
