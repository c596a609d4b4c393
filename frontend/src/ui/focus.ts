import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/**
 * After a click by the mouse the keys belong to the pictures again; whoever came by the keyboard
 * stays where they are.
 */
export function letGo(event: MouseEvent): void {
  const wasMouse = event.detail > 0;
  if (wasMouse && event.currentTarget instanceof HTMLElement) event.currentTarget.blur();
}

/** Bring what has just been selected into sight, as keys and the pictures select what is far down a list. */
export function useSight<Kind extends Element>(isSelected: boolean): RefObject<Kind | null> {
  const seen = useRef<Kind>(null);
  useEffect(() => {
    if (isSelected) seen.current?.scrollIntoView({ block: "nearest" });
  }, [isSelected]);
  return seen;
}
