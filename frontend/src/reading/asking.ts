import { asProblem } from "../api/problem";
import type { Packet, ShownAi } from "../api/types";
import { t } from "../i18n";
import type { OpenCase } from "./case";
import { wordsOf } from "./refusals";
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
  room.bursts.flush(); // a scroll from before belongs before the asking, also in the log
  open.record("proposals_asked");
  notice.value = null;
  isAskingAi.value = true;
  const answer = await answerOf(room, open);
  if (openCase.value !== open) return;
  isAskingAi.value = false;
  if (open.isReadOnly.value) return; // taken over, withdrawn or signed meanwhile: the room says so
  if ("words" in answer) {
    notice.value = answer.words;
    return;
  }
  open.ai.value = answer;
  room.state.viewing.value?.hiding.clear(); // what was asked for shows
  areProposalsShown.value = true;
  open.record("proposals_shown", { at: "asked" });
}

/**
 * What the server sends once it has the event, or why there is nothing. An expired session waits
 * for the password, and then the event goes out before the packet is asked for again.
 */
async function answerOf(room: Room, open: OpenCase): Promise<ShownAi | { words: string | null }> {
  try {
    const { ai } = await room.signedInFor(async () => {
      await room.outgoing.flush();
      return room.ports.api.packet(open.packet.read.id, room.tab);
    });
    if (ai !== undefined && ai.state !== "not_asked") return ai;
    // The event is not there yet; where it was refused, the setback's own words stand already.
    return { words: room.state.setback.value === null ? t("ai.not_reached") : null };
  } catch (error) {
    const problem = asProblem(error);
    return { words: problem.isPassing ? t("ai.not_reached") : wordsOf(problem) };
  }
}
