import { packAddress } from "../api/calls";
import type { Series } from "../api/types";
import type { PackEncoding } from "./line";
import { fetchPack, SeriesFrames } from "./load";
import { PackError } from "./parser";
import { PackRefused, type StreamPack } from "./stream";

const TRIES = 4;
const FIRST_WAIT_MS = 500;

type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

/** A series in the library: its frames, and what fetches them. */
interface Entry {
  frames: SeriesFrames;
  done: Promise<void>;
  stop: AbortController;
}

export interface LibraryOptions {
  /** Called for each frame that arrives. */
  onFrame: (frames: SeriesFrames) => void;
  /** A fresh imaging token for a series, when the one in hand has expired. */
  renewToken: (series: Series) => Promise<string>;
  stream: StreamPack;
  /** How to ask for a series, of the encodings that it is offered in. */
  choose?: (offered: readonly string[]) => PackEncoding;
  wait?: Wait;
}

/**
 * The pixels that are in memory, by series. What is fetched for the next case stays when that
 * case opens (its token differs, so the browser's cache would miss); what no case needs is dropped.
 */
export class PackLibrary {
  private readonly entries = new Map<string, Entry>();
  private readonly wait: Wait;

  constructor(private readonly options: LibraryOptions) {
    this.wait = options.wait ?? pause;
  }

  /** Begin to fetch a series unless it is here or under way. */
  load(series: Series, token: string): SeriesFrames {
    const known = this.entries.get(series.id);
    if (known) return known.frames;
    const frames = new SeriesFrames(series, this.options.onFrame);
    const stop = new AbortController();
    const done = this.fetchUntilDone(frames, token, stop.signal).catch((reason: unknown) => {
      // So that asking again tries again; one that was dropped leaves a later try alone.
      if (this.entries.get(series.id)?.frames === frames) this.entries.delete(series.id);
      frames.fail(reason instanceof Error ? reason : new Error(String(reason)));
    });
    this.entries.set(series.id, { frames, done, stop });
    return frames;
  }

  frames(series: string): SeriesFrames | undefined {
    return this.entries.get(series)?.frames;
  }

  /** Wait until the series named are complete or have failed. */
  async settled(series: readonly string[]): Promise<void> {
    await Promise.all(series.map((each) => this.entries.get(each)?.done ?? Promise.resolve()));
  }

  /** Forget every series but these. */
  keepOnly(series: readonly string[]): void {
    const kept = new Set(series);
    for (const [id, entry] of this.entries) {
      if (kept.has(id)) continue;
      entry.stop.abort();
      this.entries.delete(id);
    }
  }

  private async fetchUntilDone(
    frames: SeriesFrames,
    firstToken: string,
    signal: AbortSignal,
  ): Promise<void> {
    let token = firstToken;
    let encoding = this.options.choose?.(frames.series.encodings) ?? "raw";
    for (let attempt = 1; ; attempt += 1) {
      try {
        const address = packAddress(token, frames.series.id, encoding);
        await fetchPack(address, frames, signal, this.options.stream);
        return;
      } catch (error) {
        if (encoding !== "raw" && error instanceof PackError && !signal.aborted) {
          encoding = "raw"; // whatever is wrong with decoding here, samples need none
          continue;
        }
        if (signal.aborted || error instanceof PackError || attempt === TRIES) throw error;
        await this.wait(FIRST_WAIT_MS * 2 ** (attempt - 1), signal);
        signal.throwIfAborted();
        if (error instanceof PackRefused && error.status === 404) {
          token = await this.options.renewToken(frames.series);
          signal.throwIfAborted();
        }
      }
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
