import type { VNode } from "preact";

import { ratingOf } from "../reading/scales";

interface Props {
  id: string;
  label: string;
  /** The words of each level, the lowest first. */
  levels: readonly string[];
  /** A level's number, from 1; null: not answered. */
  value: number | null;
  isDisabled?: boolean;
  /** Where a level is taken for good: arrows lead to it, Enter, the space bar or a click takes it. */
  isFinal?: boolean;
  onChange: (value: number) => void;
}

/** An ordinal scale: its levels in order, each with its digit and words; a click, arrows, or the digit. */
export function LevelScale(props: Props): VNode {
  const { id, label, levels, value, isDisabled = false, isFinal = false, onChange } = props;
  return (
    <div
      class="levels"
      role="radiogroup"
      aria-label={label}
      data-testid={id}
      onKeyDown={(event) => {
        if (isDisabled || event.ctrlKey || event.metaKey) return;
        if (isFinal && lead(event)) return;
        const here = event.target instanceof HTMLInputElement ? Number(event.target.value) : null;
        const level = isFinal && event.key === "Enter" ? here : ratingOf(event.key, levels.length);
        if (level === null) return;
        event.preventDefault();
        event.stopPropagation();
        onChange(level);
      }}
    >
      {levels.map((words, below) => (
        <label key={words} class={value === below + 1 ? "level is-chosen" : "level"}>
          <input
            type="radio"
            name={id}
            value={below + 1}
            checked={value === below + 1}
            disabled={isDisabled}
            data-testid={`${id}-${below + 1}`}
            onChange={() => onChange(below + 1)}
          />
          <kbd aria-hidden="true">{(below + 1) % 10}</kbd>
          <span>{words}</span>
        </label>
      ))}
    </div>
  );
}

const WAYS: Readonly<Record<string, number>> = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 };

/** Lead to the level beside the one that has the keys, and take none; whether a key did. */
function lead(event: KeyboardEvent & { currentTarget: HTMLElement }): boolean {
  const way = WAYS[event.key];
  if (way === undefined) return false;
  event.preventDefault();
  event.stopPropagation();
  const inputs = [...event.currentTarget.querySelectorAll("input")];
  const at = inputs.findIndex((each) => each === event.target);
  inputs[(at + way + inputs.length) % inputs.length]?.focus();
  return true;
}
