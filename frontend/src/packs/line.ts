import type { Heard } from "./meter";

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
const ENOUGH_BYTES = 1e6; // of fewer, what was measured is the server's answer, not the line
const ENOUGH_SCRIPT = 50e3;
/** From this share of the decoder's rate on, samples come as fast raw, and cost nothing. */
const FAST = 0.6;
/** The same of scripts: they are short, and of a fast line they show half at best. */
const FAST_SCRIPT = 0.3;
/** Of the time: who decodes for longer has not seen how fast the line is. */
const BUSY = 0.7;

/**
 * Chooses between raw packs and compressed ones by what the line and this machine have shown.
 *
 * Raw is as fast as its line; compressed is shorter by half or more, and takes the decoder's time.
 * So raw wins where the line brings samples as fast as they can be decoded. Before the first case
 * only the page's own scripts have come over the line: they show that it is fast, never that it is
 * slow (they are short, and may wait for each other).
 */
export class Line {
  private known: Known;

  constructor(
    private readonly kept: Pick<Storage, "getItem" | "setItem"> | null = sessionKept(),
    private readonly scripts: () => readonly PerformanceResourceTiming[] = fetchedScripts,
  ) {
    this.known = readKept(kept);
  }

  choose(offered: readonly string[]): PackEncoding {
    return offered.includes("jpeg-ls") && !this.isFast() ? "jpeg-ls" : "raw";
  }

  /** Take in what the worker measured over a case, or some of its series. */
  hear({ bytes, ms, decodedBytes, decodingMs }: Heard): void {
    if (bytes < ENOUGH_BYTES || ms <= 0) return;
    if (decodingMs > 0) this.known.decoding = (decodedBytes / decodingMs) * 1000;
    const seen = (bytes / ms) * 1000;
    // The line waited for the decoder: it is at least so fast. What it can do the next case shows.
    if (decodingMs > BUSY * ms) this.known.line ??= Infinity;
    else this.known.line = seen;
    keep(this.kept, this.known);
  }

  private isFast(): boolean {
    const { line, decoding } = this.known;
    if (line !== null) return line >= FAST * decoding;
    return this.scripts().some((each) => rateOf(each) >= FAST_SCRIPT * decoding);
  }
}

function rateOf({ encodedBodySize, transferSize, responseStart, responseEnd }: PerformanceResourceTiming): number {
  const isFetched = transferSize >= encodedBodySize && encodedBodySize >= ENOUGH_SCRIPT;
  const ms = responseEnd - responseStart;
  return isFetched && ms > 0 ? (encodedBodySize / ms) * 1000 : 0;
}

function fetchedScripts(): readonly PerformanceResourceTiming[] {
  return performance.getEntriesByType("resource") as PerformanceResourceTiming[];
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
