import { displayFacts } from "./display";
import type { Room } from "./room";

/** The sitting that a page's reads are opened in: what they are read on is kept with it (R11). */
export class Sitting {
  id: string | null = null;
  private beginning: Promise<void> | null = null;

  constructor(private readonly room: Room) {}

  /** Begin it, once: where that failed, the next try begins it. */
  begin(renderer: string, pattern: "seen" | "not_seen"): Promise<void> {
    this.beginning ??= this.ask(renderer, pattern).catch((error: unknown) => {
      this.beginning = null;
      throw error;
    });
    return this.beginning;
  }

  private async ask(renderer: string, pattern: "seen" | "not_seen"): Promise<void> {
    const { room } = this;
    const display = displayFacts(renderer, pattern);
    const begun = await room.signedInFor(() => room.ports.api.startSession(room.study, display));
    this.id = begun.session_id;
    room.loading.expect(begun.next_images);
  }
}
