import type { Presence } from "./presence";

const TICK_MS = 1_000;

export interface WatchHandler {
  record: (kind: string, payload?: Readonly<Record<string, unknown>>) => void;
  presence: () => Presence | null;
  /** Tell what is under way. */
  settle: () => void;
  /** The page may be about to go: send what can be sent. */
  leaving: () => void;
  /** The page came back out of the browser's back/forward cache: what it shows may be old. */
  restored: () => void;
  online: () => void;
}

/** Listen to everything that tells reading from not reading (faults C2, C8, C9). */
export function watchPage(handler: WatchHandler): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const on = (target: EventTarget, kind: string, act: (event: Event) => void): void =>
    target.addEventListener(kind, act, { signal, passive: true, capture: true });
  on(document, "visibilitychange", () => {
    const isHidden = document.visibilityState === "hidden";
    if (isHidden) handler.settle(); // what was done before is told before
    handler.record(isHidden ? "hidden" : "visible");
    if (isHidden) handler.leaving();
  });
  on(window, "focus", (event) => {
    if (event.target === window) handler.record("focus");
  });
  on(window, "blur", (event) => {
    if (event.target !== window) return;
    handler.settle();
    handler.record("blur");
  });
  on(window, "pagehide", () => handler.leaving());
  on(window, "pageshow", (event) => {
    if ((event as PageTransitionEvent).persisted) handler.restored();
  });
  on(window, "online", () => handler.online());
  for (const kind of ["pointerdown", "wheel", "keydown"]) {
    on(document, kind, () => handler.presence()?.input());
  }
  on(document, "pointermove", () => handler.presence()?.pointerMoved());
  const timer = setInterval(() => handler.presence()?.tick(), TICK_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
  return () => stop.abort();
}
