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
  onChange: (value: number) => void;
}

/** An ordinal scale: its levels in order, each with its digit and words; a click, arrows, or the digit. */
export function LevelScale({ id, label, levels, value, isDisabled = false, onChange }: Props): VNode {
  return (
    <div
      class="levels"
      role="radiogroup"
      aria-label={label}
      data-testid={id}
      onKeyDown={(event) => {
        const level = ratingOf(event.key, levels.length);
        if (level === null || event.ctrlKey || event.metaKey || isDisabled) return;
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
