import { useEffect, useRef, useState } from "preact/hooks";

const PAUSE_MS = 700;
const LONGEST_MS = 3_000; // of typing without a pause; R7 lets five seconds be lost

interface Typing {
  /** What the field shows. */
  text: string;
  type: (text: string) => void;
  leave: () => void;
}

/**
 * Keeps what is typed while it is typed: at each pause, and every three seconds without one. A
 * field tells of its change only when it is left, and a window that dies is not left.
 *
 * @param kept What is kept, as the field would show it; shown as soon as nobody types.
 * @param keep Keeps a text, or leaves it where it is no answer yet.
 */
export function useTyping(kept: string, keep: (text: string) => void): Typing {
  const [typed, setTyped] = useState<string | null>(null);
  const waits = useRef<{ text: string; since_ms: number; timer: ReturnType<typeof setTimeout> } | null>(null);
  const latest = useRef(keep);
  latest.current = keep;

  const end = (): void => {
    const { current } = waits;
    if (!current) return;
    clearTimeout(current.timer);
    waits.current = null;
    latest.current(current.text);
  };
  useEffect(() => end, []); // a question that hides takes along what was typed

  return {
    text: typed ?? kept,
    type: (text) => {
      setTyped(text);
      const since_ms = waits.current?.since_ms ?? performance.now();
      if (waits.current) clearTimeout(waits.current.timer);
      const left_ms = since_ms + LONGEST_MS - performance.now();
      waits.current = { text, since_ms, timer: setTimeout(end, Math.min(PAUSE_MS, Math.max(left_ms, 0))) };
    },
    leave: () => {
      end();
      setTyped(null);
    },
  };
}
