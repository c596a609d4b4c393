import { useEffect, useRef, useState } from "preact/hooks";

const PAUSE_MS = 700;
const LONGEST_MS = 3_000; // of typing without a pause; R7 lets five seconds be lost

interface Typing {
  /** What the field shows: while it is typed in, what was typed and nothing else. */
  text: string;
  /** @param isComposing While an input method is still choosing characters, nothing is kept. */
  type: (text: string, isComposing?: boolean) => void;
  leave: () => void;
}

interface Waiting {
  text: string;
  since_ms: number;
  isRefused: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Keeps what is typed while it is typed: at each pause, and every three seconds without one. A
 * field tells of its change only when it is left, and a window that dies is not left.
 *
 * @param kept What is kept, as the field would show it; shown as soon as nobody types.
 * @param keep Keeps a text. False where it cannot be kept now: it stays in the field, and is tried
 *   again when the case has changed, at the next key and on leaving.
 */
export function useTyping(kept: string, isReadOnly: boolean, keep: (text: string) => boolean): Typing {
  const [typed, setTyped] = useState<string | null>(null);
  const waits = useRef<Waiting | null>(null);
  const isLeft = useRef(false);
  const latest = useRef(keep);
  latest.current = keep;

  const end = (): void => {
    const { current } = waits;
    if (!current) return;
    clearTimeout(current.timer);
    waits.current = null; // what is kept may draw this field anew, and come here again
    if (!latest.current(current.text)) waits.current = { ...current, isRefused: true };
    if (isLeft.current && waits.current === null) setTyped(null);
  };
  useEffect(() => {
    if (isReadOnly) {
      // Another window has the case: what was not kept is not shown as if it were.
      clearTimeout(waits.current?.timer);
      waits.current = null;
      setTyped(null);
    } else if (waits.current?.isRefused) end();
  });
  useEffect(() => end, []); // a question that hides takes along what was typed

  return {
    text: typed ?? kept,
    type: (text, isComposing = false) => {
      isLeft.current = false;
      setTyped(text);
      const since_ms = waits.current?.since_ms ?? performance.now();
      clearTimeout(waits.current?.timer);
      const left_ms = Math.max(since_ms + LONGEST_MS - performance.now(), 0);
      const timer = isComposing ? undefined : setTimeout(end, Math.min(PAUSE_MS, left_ms));
      waits.current = { text, since_ms, isRefused: false, timer };
    },
    leave: () => {
      isLeft.current = true;
      end();
      if (waits.current === null) setTyped(null);
    },
  };
}
