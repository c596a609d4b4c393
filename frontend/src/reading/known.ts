import type { Known } from "../api/types";
import { t } from "../i18n";
import type { OpenCase } from "./case";
import type { Room } from "./room";

/** Show or hide pictures of the known lesions that proposals are compared with; fetched by the few who ask. */
export function toggleKnown(room: Room, open: OpenCase): void {
  const { known } = room.state;
  if (knownOf(room, open) === null) {
    void fetchKnown(room, open);
    return;
  }
  room.record("tool", { known_lesions: "hidden" });
  known.value = null;
}

/** What is shown of them in a case: nothing before it was asked for there. */
export function knownOf(room: Room, open: OpenCase): Known | null {
  const { value } = room.state.known;
  return value?.read === open.packet.read.id ? value.found : null;
}

/** That they were shown is recorded once they are there; whichever proposal is looked at then has its own event. */
async function fetchKnown(room: Room, open: OpenCase): Promise<void> {
  const read = open.packet.read.id;
  try {
    const found = await room.ports.api.knownLesions(read);
    if (room.state.openCase.peek() !== open || knownOf(room, open) !== null) return;
    room.record("tool", { known_lesions: "shown" });
    room.state.known.value = { read, found };
  } catch { // nothing of it is said in the next case, which may be another stage's
    if (room.state.openCase.peek() !== open) return;
    room.state.notice.value = t("ai.known_failed");
  }
}
