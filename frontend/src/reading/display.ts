import type { Display } from "../api/types";

export const LEAST_WIDTH_PX = 1024;
export const LEAST_HEIGHT_PX = 640;

/** A card after ISO/IEC 7810 ID-1, as banks give them. */
export const CARD_WIDTH_MM = 85.6;
/** From a television across the room to the finest screen there is, at its scale. */
export const LEAST_CSS_PX_PER_MM = 1;
export const MOST_CSS_PX_PER_MM = 9;
const CSS_PX_PER_MM = 96 / 25.4; // what CSS takes for granted

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
    window_width_px: Math.round(innerWidth * devicePixelRatio),
    window_height_px: Math.round(innerHeight * devicePixelRatio),
    pixels_per_mm: new ScreenScale().pixels_per_mm,
    test_pattern,
  };
}

/** How large this screen's pixels are, as its reader measured it with a card; kept for the screen. */
export class ScreenScale {
  constructor(private readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem"> = localStorage) {}

  /** Null until it was measured. */
  get css_px_per_mm(): number | null {
    const kept = Number(this.storage.getItem(scaleKey()) ?? NaN) / pixelRatio();
    return kept >= LEAST_CSS_PX_PER_MM && kept <= MOST_CSS_PX_PER_MM ? kept : null;
  }

  /** Of the screen itself, whatever the page's zoom; null until it was measured. */
  get pixels_per_mm(): number | null {
    const here = this.css_px_per_mm;
    return here === null ? null : Math.round(here * pixelRatio() * 100) / 100;
  }

  get guess(): number {
    return CSS_PX_PER_MM;
  }

  keep(css_px_per_mm: number | null): void {
    if (css_px_per_mm === null) this.storage.removeItem(scaleKey());
    else this.storage.setItem(scaleKey(), String(css_px_per_mm * pixelRatio()));
  }
}

function pixelRatio(): number {
  return typeof devicePixelRatio === "number" ? devicePixelRatio : 1;
}

function scaleKey(): string {
  return `readerstudy.scale.${deviceSize()}`;
}

/** The screen's own pixels: they stay when the page is zoomed. */
function deviceSize(): string {
  if (typeof screen === "undefined") return "";
  const [width, height] = [screen.width, screen.height].map((each) => Math.round(each * pixelRatio()));
  return `${width}x${height}`;
}

/** Of the screen's own pixels: a page that is zoomed shows as many as before. */
export function isWindowTooSmall(): boolean {
  const [width, height] = [innerWidth, innerHeight].map((each) => each * devicePixelRatio);
  return (width ?? 0) < LEAST_WIDTH_PX || (height ?? 0) < LEAST_HEIGHT_PX;
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
