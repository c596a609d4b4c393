import type { Packet, ShownAi } from "../api/types";
import { t } from "../i18n";
import type { OpenCase } from "./case";
import type { Room } from "./room";

/** Whether a case came with proposals: on demand only where they had been asked for before. */
export function cameWithProposals(packet: Packet): boolean {
  return packet.ai !== undefined && packet.ai.state !== "not_asked";
}

/**
 * On demand: the event that asks goes to the server, and only then does it send the proposals (R6).
 * When they were asked for and when they were shown are two events.
 */
export async function askForProposals(room: Room): Promise<void> {
  const { isAskingAi, notice, openCase, areProposalsShown } = room.state;
  const open = openCase.value;
  if (open?.ai.value?.state !== "not_asked" || isAskingAi.value || !open.isFree()) return;
  open.record("proposals_asked");
  notice.value = null;
  isAskingAi.value = true;
  const ai = await sent(room, open);
  if (openCase.value !== open) return;
  isAskingAi.value = false;
  if (ai === null) {
    notice.value = t("ai.not_reached");
    return;
  }
  open.ai.value = ai;
  areProposalsShown.value = true;
  open.record("proposals_shown", { at: "asked" });
}

/** What the server sends once it has the event; null where it does not answer. */
async function sent(room: Room, open: OpenCase): Promise<ShownAi | null> {
  await room.outgoing.flush();
  try {
    const { ai } = await room.ports.api.packet(open.packet.read.id, room.tab);
    return ai === undefined || ai.state === "not_asked" ? null : ai;
  } catch {
    return null;
  }
}
