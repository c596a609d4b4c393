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
  way: Way;
}

/** How a series is fetched just now. */
interface Way {
  encoding: PackEncoding;
  /** Ends this try alone, so that another way is tried. */
  turn: AbortController;
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
    const way = { encoding: this.choose(series), turn: new AbortController() };
    const done = this.fetchUntilDone(frames, token, way, stop.signal).catch((reason: unknown) => {
      // So that asking again tries again; one that was dropped leaves a later try alone.
      if (this.entries.get(series.id)?.frames === frames) this.entries.delete(series.id);
      frames.fail(reason instanceof Error ? reason : new Error(String(reason)));
    });
    this.entries.set(series.id, { frames, done, stop, way });
    return frames;
  }

  /** The line is known now: what is under way raw, and not half here, is asked for as it wants. */
  reconsider(): void {
    for (const { frames, way } of this.entries.values()) {
      const isHalfHere = 2 * frames.loaded >= frames.series.frames;
      if (way.encoding !== "raw" || isHalfHere) continue;
      way.encoding = this.choose(frames.series);
      if (way.encoding !== "raw") way.turn.abort();
    }
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

  private choose(series: Series): PackEncoding {
    return this.options.choose?.(series.encodings) ?? "raw";
  }

  private async fetchUntilDone(
    frames: SeriesFrames,
    firstToken: string,
    way: Way,
    signal: AbortSignal,
  ): Promise<void> {
    let token = firstToken;
    for (let attempt = 1; ; attempt += 1) {
      const { encoding, turn } = way;
      try {
        const address = packAddress(token, frames.series.id, encoding);
        const either = AbortSignal.any([signal, turn.signal]);
        await fetchPack(address, frames, either, this.options.stream);
        return;
      } catch (error) {
        if (this.hasTurned(way, turn, error) && !signal.aborted) continue;
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

  /** Whether another way is to be tried, at once. */
  private hasTurned(way: Way, turn: AbortController, error: unknown): boolean {
    if (way.encoding !== "raw" && error instanceof PackError) {
      way.encoding = "raw"; // whatever is wrong with decoding here, samples need none
      return true;
    }
    way.turn = turn.signal.aborted ? new AbortController() : turn;
    return turn.signal.aborted;
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
