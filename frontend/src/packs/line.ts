import { ENOUGH_BYTES, type Heard } from "./meter";

/** How a pack is asked for. */
export type PackEncoding = "raw" | "jpeg-ls";

/** What is known of the line and of this machine, in bytes a second. */
interface Known {
  /** Of the line; null until a case came over it. */
  line: number | null;
  /** Of samples that this machine decodes. */
  decoding: number;
}

const NAME = "readerstudy.line";
const DECODING = 60e6; // until it was measured; a desktop of 2025 does 90
/** From this share of the decoder's rate on, samples come as fast raw, and cost nothing. */
const FAST = 0.6;
/** Of the time: who decodes for longer has not seen how fast the line is. */
const BUSY = 0.7;

/**
 * Chooses between raw packs and compressed ones by what the line and this machine have shown.
 *
 * Raw is as fast as its line; compressed is shorter by half or more, and takes the decoder's time.
 * So raw wins where the line brings samples as fast as they can be decoded. A case is begun raw
 * where nothing is known: its first quarter of a second tells, and what is under way is asked for
 * anew then.
 */
export class Line {
  /** Called once more is known. */
  onHeard: () => void = () => undefined;
  private known: Known;

  constructor(private readonly kept: Pick<Storage, "getItem" | "setItem"> | null = sessionKept()) {
    this.known = readKept(kept);
  }

  choose(offered: readonly string[]): PackEncoding {
    return this.isSlow() && offered.includes("jpeg-ls") ? "jpeg-ls" : "raw";
  }

  /** Take in what the worker measured over a case, some of its series, or the first of its bytes. */
  hear({ bytes, ms, decodedBytes, decodingMs }: Heard): void {
    if (bytes < ENOUGH_BYTES || ms <= 0) return;
    if (decodingMs > 0) this.known.decoding = (decodedBytes / decodingMs) * 1000;
    const seen = (bytes / ms) * 1000;
    // The line waited for the decoder: it is at least so fast. What it can do the next case shows.
    if (decodingMs > BUSY * ms) this.known.line ??= Infinity;
    else this.known.line = seen;
    keep(this.kept, this.known);
    this.onHeard();
  }

  private isSlow(): boolean {
    const { line, decoding } = this.known;
    return line !== null && line < FAST * decoding;
  }
}

/** Null where the browser keeps nothing: the line is then learnt anew by each page. */
function sessionKept(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

function readKept(kept: Pick<Storage, "getItem"> | null): Known {
  const [line, decoding] = (kept?.getItem(NAME) ?? "").split(",").map(Number);
  const isKnown = line !== undefined && line > 0 && decoding !== undefined && decoding > 0;
  return isKnown ? { line, decoding } : { line: null, decoding: DECODING };
}

function keep(kept: Pick<Storage, "setItem"> | null, { line, decoding }: Known): void {
  try {
    kept?.setItem(NAME, `${line},${decoding}`);
  } catch {
    // It is full: this page knows.
  }
}
