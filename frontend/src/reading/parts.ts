import { t } from "../i18n";
import type { Ports } from "./ports";
import type { State } from "./state";

/** What draws lesions, by the brush and from the picture. */
export type DrawingPart = typeof import("./drawing");

interface Needed {
  ports: Pick<Ports, "loadPlanes" | "loadDrawing">;
  state: Pick<State, "openCase" | "viewing" | "notice">;
}

const SLOW_MS = 300; // below it a word would only flicker

/**
 * The parts of the program that come when they are first needed: no picture waits for them. Once a
 * case is whole they are fetched all the same, so that the room can go on without its server.
 */
export class Parts {
  /** Null before it is here. */
  drawing: DrawingPart | null = null;
  private asked = 0;

  constructor(private readonly room: Needed) {}

  /** Fetch them all when the page has nothing else to do; what fails is fetched when it is needed. */
  fetch(): void {
    whenIdle(() => {
      this.room.ports.loadPlanes().catch(() => undefined);
      this.loadDrawing().catch(() => undefined);
    });
  }

  /** Whether planes can be rebuilt, once what does it is here; where it cannot be had that is said. */
  canRebuild(): Promise<boolean> {
    return this.told(this.room.ports.loadPlanes());
  }

  /**
   * Draw: at once where what does it is here, else once it has come, unless the reader has gone on
   * to another case, mark or tool by then, or has asked again.
   */
  draw(act: (drawing: DrawingPart) => void): void {
    if (this.drawing) {
      act(this.drawing);
      return;
    }
    const mine = (this.asked += 1);
    const before = this.place();
    void this.told(this.loadDrawing()).then((isHere) => {
      const isMeant = mine === this.asked && this.place().every((each, at) => each === before[at]);
      if (isHere && isMeant && this.drawing) act(this.drawing);
    });
  }

  private async loadDrawing(): Promise<void> {
    this.drawing ??= await this.room.ports.loadDrawing();
  }

  private place(): readonly unknown[] {
    const { openCase, viewing } = this.room.state;
    const open = openCase.peek();
    return [open, open?.selectedMark.peek(), viewing.peek()?.pointer.tool.peek()];
  }

  /** Whether it came; a word says that it takes long, or that it failed and may be tried again. */
  private async told(coming: Promise<unknown>): Promise<boolean> {
    const { notice } = this.room.state;
    const isComing = t("parts.coming");
    const slow = setTimeout(() => (notice.value = isComing), SLOW_MS);
    try {
      await coming;
      if (notice.peek() === isComing) notice.value = null;
      return true;
    } catch {
      notice.value = t("parts.failed");
      return false;
    } finally {
      clearTimeout(slow);
    }
  }
}

function whenIdle(act: () => void): void {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(act);
  else setTimeout(act); // Safari has none
}
