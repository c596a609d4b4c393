import type { Display } from "../api/types";

export const LEAST_WIDTH_PX = 1024;
export const LEAST_HEIGHT_PX = 640;

/** What this browser paints with; null when it has no WebGL 2. */
export function rendererName(): string | null {
  const context = document.createElement("canvas").getContext("webgl2");
  if (!context) return null;
  const details = context.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = context.getParameter(
    details ? details.UNMASKED_RENDERER_WEBGL : context.RENDERER,
  );
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return String(name).slice(0, 200);
}

/** What is kept with the session about the display it is read on (R11). */
export function displayFacts(
  renderer: string | null,
  test_pattern: NonNullable<Display["test_pattern"]>,
): Display {
  return {
    width_px: Math.round(screen.width * devicePixelRatio),
    height_px: Math.round(screen.height * devicePixelRatio),
    pixel_ratio: Math.round(devicePixelRatio * 100) / 100,
    webgl: renderer !== null,
    ...(renderer === null ? {} : { renderer }),
    colour_depth: screen.colorDepth,
    test_pattern,
  };
}

export function isWindowTooSmall(): boolean {
  return innerWidth < LEAST_WIDTH_PX || innerHeight < LEAST_HEIGHT_PX;
}

/** Whether the reader has looked at the test pattern on this screen today. */
export class DailyCheck {
  constructor(
    private readonly user: string,
    private readonly storage: Pick<Storage, "getItem" | "setItem"> = localStorage,
    private readonly today: () => string = () => new Date().toDateString(),
  ) {}

  get isDone(): boolean {
    return this.storage.getItem(this.key()) === this.today();
  }

  done(): void {
    this.storage.setItem(this.key(), this.today());
  }

  private key(): string {
    return `readerstudy.display.${this.user}.${screenSize()}`;
  }
}

function screenSize(): string {
  return typeof screen === "undefined" ? "" : `${screen.width}x${screen.height}`;
}
