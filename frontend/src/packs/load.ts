import type { Series } from "../api/types";
import { PackError } from "./parser";
import { samplesOf, type Samples } from "./samples";
import type { StreamPack } from "./stream";

interface Waiter { resolve: (samples: Samples) => void; reject: (reason: Error) => void }

/** The frames of one series, filled while its pack arrives. */
export class SeriesFrames {
  /** Frames that are here. */
  loaded = 0;
  private readonly frames: (Samples | undefined)[];
  private readonly waiting = new Map<number, Waiter[]>();
  private failure: Error | null = null;

  constructor(
    readonly series: Series,
    private readonly onFrame: (frames: SeriesFrames) => void = () => undefined,
  ) {
    this.frames = new Array<Samples | undefined>(series.frames);
  }

  get isComplete(): boolean {
    return this.loaded === this.series.frames;
  }

  /** The frame's samples if they are here. */
  at(index: number): Samples | undefined {
    return this.frames[index];
  }

  /** The frame's samples as soon as they are here. */
  wait(index: number): Promise<Samples> {
    const here = this.frames[index];
    if (here !== undefined) return Promise.resolve(here);
    if (this.failure !== null) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      const others = this.waiting.get(index) ?? [];
      this.waiting.set(index, [...others, { resolve, reject }]);
    });
  }

  put(index: number, samples: Samples): void {
    if (this.frames[index] !== undefined) return; // a second try sends the first frames again
    this.frames[index] = samples;
    this.loaded += 1;
    this.waiting.get(index)?.forEach((waiter) => waiter.resolve(samples));
    this.waiting.delete(index);
    this.onFrame(this);
  }

  fail(reason: Error): void {
    this.failure = reason;
    for (const waiters of this.waiting.values()) {
      waiters.forEach((waiter) => waiter.reject(reason));
    }
    this.waiting.clear();
  }
}

/**
 * Fetch a series' pack and put its frames as they arrive.
 *
 * @throws PackError for bytes that are no pack of this series, and what `StreamPack` throws.
 */
export async function fetchPack(
  address: string,
  frames: SeriesFrames,
  signal: AbortSignal,
  stream: StreamPack,
): Promise<void> {
  const { bytes, geometry } = frames.series;
  await stream(address, bytes, signal, (arrived) => {
    for (const frame of arrived) frames.put(frame.index, samplesOf(frame, geometry));
  });
  if (!frames.isComplete) throw new PackError("The pack has fewer frames than the series.");
}
