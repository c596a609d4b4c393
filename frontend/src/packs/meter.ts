/** What was fetched while at least one pack was under way. */
export interface Heard {
  /** What came over the line, and from the first of it to the last. */
  bytes: number;
  ms: number;
  /** What it was decoded to, and how long that kept the worker from fetching. */
  decodedBytes: number;
  decodingMs: number;
}

/** Of fewer, what was measured is the server's answer, not the line. */
export const ENOUGH_BYTES = 1e6;
/** Before, a page that is busy with its first pictures may have held up the fetching. */
const ENOUGH_MS = 250;
/** From here on the line is looked at by itself: what stalled at first may come fast by now. */
const LATER_MS = 150;

const NOTHING: Heard = { bytes: 0, ms: 0, decodedBytes: 0, decodingMs: 0 };

/** Measures the line and the decoder, over all packs that are fetched at once: they share both. */
export class Meter {
  private packs = 0;
  private heard = NOTHING;
  private first: number | null = null;
  private later: { bytes: number; ms: number } | null = null;
  private isTold = false;

  /** @param onEnough Told once, as soon as so much has come that the line is known. */
  constructor(
    private readonly now: () => number = () => performance.now(),
    private readonly onEnough: (heard: Heard) => void = () => undefined,
  ) {}

  begin(): void {
    this.packs += 1;
  }

  arrived(bytes: number): void {
    const now = this.now();
    this.first ??= now;
    this.heard = { ...this.heard, bytes: this.heard.bytes + bytes, ms: now - this.first };
    if (this.heard.ms >= LATER_MS) this.later ??= { bytes: this.heard.bytes, ms: this.heard.ms };
    if (this.isTold || this.heard.bytes < ENOUGH_BYTES || this.heard.ms < ENOUGH_MS) return;
    this.isTold = true;
    this.onEnough(this.best());
  }

  /** All of what was heard, or its later part where that came faster. */
  private best(): Heard {
    const { heard, later } = this;
    if (later === null || later.ms >= heard.ms) return heard;
    const part = { ...heard, bytes: heard.bytes - later.bytes, ms: heard.ms - later.ms };
    return part.bytes / part.ms > heard.bytes / heard.ms && part.bytes >= ENOUGH_BYTES ? part : heard;
  }

  /** Do something that keeps bytes from being fetched, and note how long it took. */
  decoding<T extends { bytes: ArrayBuffer }>(decode: () => T): T {
    const begun = this.now();
    const frame = decode();
    const { decodedBytes, decodingMs } = this.heard;
    this.heard = {
      ...this.heard,
      decodedBytes: decodedBytes + frame.bytes.byteLength,
      decodingMs: decodingMs + this.now() - begun,
    };
    return frame;
  }

  /** What was heard, once the last pack is here or given up. */
  end(): Heard | null {
    this.packs -= 1;
    if (this.packs > 0) return null;
    const { heard } = this;
    this.heard = NOTHING;
    this.first = this.later = null;
    return heard;
  }
}
