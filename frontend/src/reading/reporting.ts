import { asProblem } from "../api/problem";
import { wordsOf } from "./refusals";
import type { Room } from "./room";

/** Tell the study's people of a problem with the open case. @returns why it could not be told; null: it was. */
export async function reportProblem(room: Room, words: string): Promise<string | null> {
  const open = room.state.openCase.value;
  if (!open) return null;
  try {
    await room.signedInFor(() => room.ports.api.reportProblem(open.packet.read.id, words));
    room.record("problem_reported", { words });
    return null;
  } catch (error) {
    return wordsOf(asProblem(error));
  }
}
