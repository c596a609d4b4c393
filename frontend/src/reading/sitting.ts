import type { Display } from "../api/types";
import { displayFacts } from "./display";
import type { Room } from "./room";

/** The sitting that a page's reads are opened in: what they are read on is kept with it (R11). */
export class Sitting {
  id: string | null = null;
  private display: Display | null = null;

  constructor(private readonly room: Room) {}

  async begin(renderer: string, pattern: "seen" | "not_seen"): Promise<void> {
    this.display = displayFacts(renderer, pattern);
    await this.begun();
  }

  /** Begin it where that has failed; no read is opened outside of it. */
  async begun(): Promise<void> {
    const { room, display } = this;
    if (this.id !== null || display === null) return;
    const begun = await room.signedInFor(() => room.ports.api.startSession(room.study, display));
    this.id = begun.session_id;
    room.loading.first = begun.next_images;
  }
}
