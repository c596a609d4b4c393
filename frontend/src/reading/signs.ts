import { effect } from "@preact/signals";

import type { Room } from "./room";

/**
 * What the room tells browser tests and scripts about itself, as attributes of the root element:
 * no test has to look into the program. The list is in docs/development.md.
 *
 * - `data-phase`: starting, display, draining, opening, reading, finished, refused
 * - `data-ready`: "true" when every slice of the case is decoded and every pane has painted
 * - `data-read-id`, `data-case`, `data-read-only`
 * - `data-marks`: how many marks stand; `data-unrated`: "true" while one waits for its rating
 * - `data-tour`: the tour's stop, "" when there is none
 * - `data-saved`: saved, saving, kept; `data-unsent`: how many events wait
 */
export function showSigns(room: Room, root: HTMLElement = document.documentElement): () => void {
  const { state } = room;
  const stopTour = effect(() => void (root.dataset.tour = room.tour.stop.value ?? ""));
  const stop = effect(() => {
    const open = state.openCase.value;
    const views = state.viewing.value?.views.value ?? [];
    const hasPainted = views.length > 0 && views.every((view) => view !== null);
    const isReading = state.phase.value.name === "reading";
    say(root, {
      phase: state.phase.value.name,
      ready: String(isReading && hasPainted && room.loading.isReady.value),
      readId: open?.packet.read.id ?? "",
      case: open?.packet.case.code ?? "",
      readOnly: String(open?.isReadOnly.value ?? false),
      marks: String(open?.marks.value.length ?? 0),
      unrated: String(open?.unrated.value !== undefined),
      saved: state.saved.value.state,
      unsent: String(state.saved.value.unsent),
    });
  });
  return () => [stopTour, stop].forEach((each) => each());
}

/** Write what has changed: this runs at every slice, and an attribute written anew is a new style. */
function say(root: HTMLElement, signs: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(signs)) {
    if (root.dataset[name] !== value) root.dataset[name] = value;
  }
}
