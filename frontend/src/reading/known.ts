import type { Known } from "../api/types";
import { t } from "../i18n";
import type { OpenCase } from "./case";
import type { Room } from "./room";

/** Show or hide pictures of the known lesions that proposals are compared with; fetched by the few who ask. */
export function toggleKnown(room: Room, open: OpenCase): void {
  const { known } = room.state;
  const isShown = knownOf(room, open) !== null;
  room.record("tool", { known_lesions: isShown ? "hidden" : "shown" });
  if (isShown) known.value = null;
  else void fetchKnown(room, open.packet.read.id);
}

/** What is shown of them in a case: nothing before it was asked for there. */
export function knownOf(room: Room, open: OpenCase): Known | null {
  const { value } = room.state.known;
  return value?.read === open.packet.read.id ? value.found : null;
}

async function fetchKnown(room: Room, read: string): Promise<void> {
  try {
    const found = await room.ports.api.knownLesions(read);
    if (room.state.openCase.peek()?.packet.read.id === read) room.state.known.value = { read, found };
  } catch {
    room.state.notice.value = t("ai.known_failed");
  }
}
