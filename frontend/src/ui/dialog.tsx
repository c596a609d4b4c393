import type { ComponentChildren, VNode } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

import { t } from "../i18n";
import { IconButton } from "./icons";

interface DialogProps {
  title: string;
  /** Absent where the dialog must be answered. */
  onClose?: () => void;
  testId: string;
  isWide?: boolean;
  children: ComponentChildren;
}

/** A dialog over the room: the browser keeps the focus inside and Escape closes it. */
export function Dialog({ title, onClose, testId, isWide = false, children }: DialogProps): VNode {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Before the page is painted: who asks by a key types on at once, and means the dialog.
  useLayoutEffect(() => {
    const before = document.activeElement;
    const dialog = element.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class={isWide ? "dialog is-wide" : "dialog"}
      aria-labelledby={titleId}
      data-testid={testId}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
    >
      <header>
        <h2 id={titleId}>{title}</h2>
        {onClose && <IconButton icon="close" label={t("dialog.close")} onClick={onClose} />}
      </header>
      {children}
    </dialog>
  );
}
