import { computed, signal } from "@preact/signals";

import type { Packet, Series } from "../api/types";
import { PackLibrary } from "../packs/library";
import type { SeriesFrames } from "../packs/load";
import type { StreamPack } from "../packs/stream";

/** How far a series has come. */
export interface Progress {
  loaded: number;
  total: number;
  hasFailed: boolean;
}

/** The pixels of the case that is open, and of the next one. Ready means: every slice is here. */
export class Loading {
  readonly progress = signal<Readonly<Record<string, Progress>>>({});
  readonly isReady = computed(() => {
    const all = Object.values(this.progress.value);
    return all.length > 0 && all.every((each) => each.loaded === each.total);
  });
  readonly hasFailed = computed(() =>
    Object.values(this.progress.value).some((each) => each.hasFailed),
  );
  private readonly library: PackLibrary;
  private readonly arrived = new Set<string>();
  private series: readonly Series[] = [];
  private token = "";

  constructor(renewToken: () => Promise<string>, stream: StreamPack) {
    this.library = new PackLibrary({ onFrame: (frames) => this.note(frames), renewToken, stream });
  }

  readonly framesOf = (series: string): SeriesFrames | undefined => this.library.frames(series);

  /** Fetch a case's series, the first in hanging order first; drop what it does not need. */
  begin(packet: Packet, ordered: readonly Series[]): void {
    this.series = ordered;
    this.token = packet.token;
    this.library.keepOnly(ordered.map((each) => each.id));
    this.progress.value = {};
    for (const series of ordered) this.note(this.library.load(series, packet.token));
  }

  /** Resolves when every slice of the open case is here, or a series has failed for good. */
  async settled(): Promise<void> {
    const ids = this.series.map((each) => each.id);
    await this.library.settled(ids);
    for (const id of ids) {
      const here = this.progress.value[id];
      if (!here || here.loaded < here.total) this.fail(id);
    }
  }

  /** Try the series that failed once more. */
  again(): void {
    this.series.forEach((each) => this.note(this.library.load(each, this.token)));
  }

  /** Fetch the next case's series while this one is read. */
  prefetch(series: readonly Series[], token: string): void {
    for (const each of series) this.library.load(each, token);
  }

  /** Many frames arrive in one task: the page is told once a frame is painted. */
  private note(frames: SeriesFrames): void {
    const isOfCase = this.series.some((each) => each.id === frames.series.id);
    if (!isOfCase) return;
    this.arrived.add(frames.series.id);
    if (this.arrived.size > 1 || frames.isComplete) this.tell();
    else queueMicrotask(() => this.tell());
  }

  private tell(): void {
    const changed = [...this.arrived].flatMap((id) => {
      const frames = this.library.frames(id);
      if (!frames) return [];
      const { loaded, series } = frames;
      return [[id, { loaded, total: series.frames, hasFailed: false }] as const];
    });
    this.arrived.clear();
    if (changed.length > 0) {
      this.progress.value = { ...this.progress.value, ...Object.fromEntries(changed) };
    }
  }

  private fail(id: string): void {
    const series = this.series.find((each) => each.id === id);
    const failed = { loaded: 0, total: series?.frames ?? 1, hasFailed: true };
    this.progress.value = { ...this.progress.value, [id]: failed };
  }
}
