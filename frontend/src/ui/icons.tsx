import type { ComponentChildren, VNode } from "preact";

import { letGo } from "./focus";

const PATHS = {
  window: "M8 1.5a6.5 6.5 0 1 0 0 13z M8 1.5a6.5 6.5 0 0 1 0 13",
  mark: "M8 3.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9 M8 .8v3 M8 12.2v3 M.8 8h3 M12.2 8h3",
  zoom: "M6.8 2a4.8 4.8 0 1 0 0 9.6a4.8 4.8 0 0 0 0-9.6 M10.4 10.4L14.5 14.5 M4.8 6.8h4 M6.8 4.8v4",
  pan: "M8 1.5v13 M1.5 8h13 M6 3.5L8 1.5l2 2 M6 12.5l2 2l2-2 M3.5 6l-2 2l2 2 M12.5 6l2 2l-2 2",
  scroll: "M4 3h8 M4 6.3h8 M4 9.6h8 M4 13h8",
  measure: "M1.5 11.5L11.5 1.5l3 3L4.5 14.5z M4.5 8.5l1.6 1.6 M7 6l1.6 1.6 M9.5 3.5l1.6 1.6",
  bidirectional: "M2 11L13 4 M5.2 3.5l5 8.6 M1.4 9.8l1.3 2.2 M12.3 2.9l1.3 2.2",
  more: "M3 8h.5 M7.8 8h.5 M12.6 8h.5",
  link: "M6.5 9.5l3-3 M7 4.5l1.8-1.8a2.8 2.8 0 0 1 4 4L11 8.5 M9 11.5l-1.8 1.8a2.8 2.8 0 0 1-4-4L5 7.5",
  cross: "M8 1.5v4.5 M8 10v4.5 M1.5 8H6 M10 8h4.5",
  invert: "M2 2h12v12H2z M2 2h12L2 14z",
  fit: "M2 6V2h4 M10 2h4v4 M14 10v4h-4 M6 14H2v-4",
  one: "M2 2.5h12v11H2z",
  two: "M2 2.5h12v11H2z M8 2.5v11",
  four: "M2 2.5h12v11H2z M8 2.5v11 M2 8h12",
  main: "M2 2.5h12v11H2z M10 2.5v11 M10 6.2h4 M10 9.8h4",
  prior: "M2 2.5h12v11H2z M8 2.5v11 M11 6v2.2h1.6",
  prior_four: "M2 2.5h12v11H2z M8 2.5v11 M2 8h12 M11 3.8v1.7h1.3 M11 9.3V11h1.3",
  link_prior: "M2 4h4.5v8H2z M9.5 4H14v8H9.5z M5 8h6 M9 6.5L11 8L9 9.5 M7 6.5L5 8l2 1.5",
  planes: "M2 2.5h12v11H2z M9 2.5v11 M9 8h5",
  close: "M3.5 3.5l9 9 M12.5 3.5l-9 9",
  remove: "M3 4.5h10 M6 4.5V3h4v1.5 M4.2 4.5l.6 9h6.4l.6-9",
  facts: "M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13 M8 7.2v4 M8 4.6v.4",
  flag: "M3.5 14.5v-13 M3.5 2.5h9l-2 3l2 3h-9",
  keys: "M1.5 4h13v8.5h-13z M4 7h.5 M7 7h.5 M10 7h.5 M5 10h6",
  pause: "M5.5 3v10 M10.5 3v10",
  check: "M2.5 8.5l3.5 3.5l7.5-8",
  pen: "M2.5 13.5l.8-3.2L10.5 3l2.5 2.5l-7.2 7.2z",
  undo: "M5.5 2.5L2.5 5.5l3 3 M2.5 5.5h7.2a3.9 3.9 0 0 1 0 7.8H6",
  redo: "M10.5 2.5l3 3l-3 3 M13.5 5.5H6.3a3.9 3.9 0 0 0 0 7.8H10",
  hide: "M1.5 8C3.5 4.9 5.6 3.4 8 3.4s4.5 1.5 6.5 4.6c-2 3.1-4.1 4.6-6.5 4.6S3.5 11.1 1.5 8z M8 6a2 2 0 1 0 0 4a2 2 0 0 0 0-4 M3 13.5L13 2.5",
  home: "M2 7.5L8 2l6 5.5 M3.8 6.5v7h8.4v-7",
} as const;

export type IconName = keyof typeof PATHS;

/** A line icon; its meaning is in the button's name. */
export function Icon({ name }: { name: IconName }): VNode {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

interface IconButtonProps {
  icon: IconName;
  label: string;
  /** The key that does the same, for the tooltip. */
  shortcut?: string;
  isPressed?: boolean;
  isDisabled?: boolean;
  onClick: () => void;
  testId?: string;
  isForFingers?: boolean;
  children?: ComponentChildren;
}

/** A button with an icon, a name for everyone, and its key in the tooltip. */
export function IconButton(props: IconButtonProps): VNode {
  const { icon, label, shortcut, isPressed, isDisabled = false, onClick, testId, children } = props;
  const { isForFingers = false } = props;
  return (
    <button
      type="button"
      class={isForFingers ? "icon-button for-fingers" : "icon-button"}
      aria-label={label}
      title={shortcut ? `${label} (${shortcut})` : label}
      aria-pressed={isPressed}
      disabled={isDisabled}
      data-testid={testId}
      onClick={(event) => {
        letGo(event);
        onClick();
      }}
    >
      <Icon name={icon} />
      {children !== undefined && <span class="words">{children}</span>}
    </button>
  );
}
