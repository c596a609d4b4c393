import type { ScreenPoint } from "../viewer/contract";
import { watchGestures, type GestureHandler } from "../viewer/gestures";

/** The elements of one pane on the page. */
interface Seat {
  host: HTMLElement;
  svg: SVGSVGElement;
  stop: () => void;
}

/** The places on the page where panes show. */
export class Seats {
  private readonly seats = new Map<number, Seat>();
  private onSeat: (() => void) | null = null;

  constructor(private readonly handler: () => GestureHandler) {}

  /** Called by the page for each pane that it shows; null when it is gone. */
  put(pane: number, host: HTMLElement | null, svg: SVGSVGElement | null): void {
    this.seats.get(pane)?.stop();
    this.seats.delete(pane);
    if (!host || !svg) return;
    this.seats.set(pane, { host, svg, stop: watchGestures(host, pane, this.handler()) });
    this.onSeat?.();
  }

  /** Resolves when the page has made as many seats. */
  filled(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.onSeat = () => {
        if (this.seats.size >= count) resolve();
      };
      this.onSeat();
    });
  }

  hostOf(pane: number): HTMLElement | undefined {
    return this.seats.get(pane)?.host;
  }

  svgOf(pane: number): SVGSVGElement | undefined {
    return this.seats.get(pane)?.svg;
  }

  /** What a pane has painted. */
  canvasOf(pane: number): HTMLCanvasElement | null {
    return this.hostOf(pane)?.querySelector("canvas") ?? null;
  }

  /** The middle of a pane, CSS pixels. */
  middleOf(pane: number): ScreenPoint {
    const box = this.hostOf(pane)?.getBoundingClientRect();
    return [(box?.width ?? 0) / 2, (box?.height ?? 0) / 2];
  }

  /** A place in a pane as a place on the page. */
  onPage(pane: number, [x, y]: ScreenPoint): ScreenPoint | null {
    const box = this.hostOf(pane)?.getBoundingClientRect();
    return box ? [box.left + x, box.top + y] : null;
  }

  close(): void {
    this.seats.forEach((seat) => seat.stop());
    this.seats.clear();
  }
}
