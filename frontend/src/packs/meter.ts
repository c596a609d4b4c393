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
const BUSY_MS = 150;
/** Then the line is looked at in parts of so long: two make it known, a quarter of a second in all. */
const PART_MS = 50;

/** What had come when. */
type Tally = Pick<Heard, "bytes" | "ms">;

const NOTHING: Heard = { bytes: 0, ms: 0, decodedBytes: 0, decodingMs: 0 };

/** Measures the line and the decoder, over all packs that are fetched at once: they share both. */
export class Meter {
  private packs = 0;
  private heard = NOTHING;
  private first: number | null = null;
  private tallies: Tally[] = [];
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
    if (this.isTold) return;
    const due_ms = (this.tallies.at(-1)?.ms ?? BUSY_MS - PART_MS) + PART_MS;
    if (this.heard.ms >= due_ms) this.tallies.push({ bytes: this.heard.bytes, ms: this.heard.ms });
    if (this.heard.bytes < ENOUGH_BYTES || this.tallies.length < 3) return;
    this.isTold = true;
    this.onEnough(this.best());
  }

  /**
   * All of what was heard; or the slower of the last two parts, where that came faster: a fast line
   * that stalled at first goes on fast, while what a slow one brought meanwhile is read in one part.
   */
  private best(): Heard {
    const { heard } = this;
    const [a, b, c] = this.tallies.slice(-3);
    if (heard.decodedBytes > 0 || !a || !b || !c) return heard;
    const one = between(a, b), other = between(b, c);
    const slower = rateOf(other) < rateOf(one) ? other : one;
    return slower.bytes >= ENOUGH_BYTES && rateOf(slower) > rateOf(heard) ? slower : heard;
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
    this.first = null;
    this.tallies = [];
    return heard;
  }
}

function between(from: Tally, to: Tally): Heard {
  return { ...NOTHING, bytes: to.bytes - from.bytes, ms: to.ms - from.ms };
}

function rateOf({ bytes, ms }: Tally): number {
  return bytes / ms;
}
