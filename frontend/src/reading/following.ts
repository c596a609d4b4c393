import { effect } from "@preact/signals";

import type { Room } from "./room";

/** Tell, once for each read, that it is whole: also when it is taken over. */
export function tellWhole({ state, loading }: Room): () => void {
  let whole = "";
  return effect(() => {
    const open = state.openCase.value;
    if (!open || open.isReadOnly.value || !loading.isReady.value) return;
    if (open.packet.read.id !== whole) open.record("all_decoded");
    whole = open.packet.read.id;
  });
}

/** A mark that waits for its rating asks for it: also after a crash, or when it is redone. */
export function askRatings({ state }: Room): () => void {
  return effect(() => {
    const mark = state.openCase.value?.unrated.value?.mark_id;
    const { rating, viewing } = state;
    if (mark === undefined || rating.peek()?.mark === mark) return;
    rating.value = { mark, pane: viewing.value?.active.peek() ?? 0 };
  });
}
