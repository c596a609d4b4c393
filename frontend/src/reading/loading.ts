import { computed, signal } from "@preact/signals";

import type { NextImages, Packet, Series } from "../api/types";
import { PackLibrary } from "../packs/library";
import { Line } from "../packs/line";
import type { SeriesFrames } from "../packs/load";
import type { StreamPack } from "../packs/stream";
import { allOf } from "./hanging";

const TELL_MS = 250; // a series of 160 frames arrives in a few hundred messages: each would be a new page

/** Of the six connections that a browser opens to a server, two are left to what is asked meanwhile. */
const PACKS_AHEAD = 4;
const FRESH_MS = 240_000; // a minute less than the token of a sitting's first images lives
const NO_IMAGES: NextImages = { series: [], token: "" };

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
  private telling: ReturnType<typeof setTimeout> | undefined;
  private series: readonly Series[] = [];
  private token = "";
  /** Of a sitting's first case, told as it begins, and when that was. */
  private first = NO_IMAGES;
  private told_ms = 0;
  /** The packet that was asked for last: of another one's images no token can be renewed. */
  private packet: Packet | null = null;

  /**
   * @param renewToken Gives the token of a read's images anew.
   * @param line Tells how to ask for a series.
   */
  constructor(
    private readonly renewToken: (read: string) => Promise<string>,
    stream: StreamPack,
    line = new Line(null),
  ) {
    this.library = new PackLibrary({
      onFrame: (frames) => this.note(frames),
      renewToken: (series) => this.renewed(series),
      stream,
      choose: (offered) => line.choose(offered),
    });
    line.onHeard = () => this.library.reconsider();
  }

  readonly framesOf = (series: string): SeriesFrames | undefined => this.library.frames(series);

  /** A sitting's first images, to be fetched while its first read is opened. */
  expect(images: NextImages): void {
    this.first = images;
    this.told_ms = performance.now();
  }

  /** Fetch them: once, and while their token lives. */
  fetchFirst(): void {
    const { first } = this;
    this.first = NO_IMAGES;
    if (performance.now() - this.told_ms > FRESH_MS) return;
    this.prefetch(first.series.slice(0, PACKS_AHEAD), first.token);
  }

  /** Ask for a case's images as soon as it is known, before anything else is done about it. */
  ahead(packet: Packet): void {
    this.packet = packet;
    this.prefetch(allOf(packet), packet.token);
  }

  /** Fetch a case's series, the first in hanging order first; drop what it does not need. */
  begin(packet: Packet): void {
    const ordered = allOf(packet);
    this.series = ordered;
    this.token = packet.token;
    this.packet = packet;
    this.library.keepOnly(ordered.map((each) => each.id));
    // All at once: a case of which one series is here, and no other is named yet, is not ready.
    for (const each of ordered) this.arrived.add(this.library.load(each, packet.token).series.id);
    this.progress.value = {};
    this.tell();
  }

  /** Resolves when every slice of the open case is here, or a series has failed for good. */
  async settled(): Promise<void> {
    const ids = this.series.map((each) => each.id);
    await this.library.settled(ids);
    for (const id of ids) {
      if (!this.isOfCase(id)) continue; // the case was signed meanwhile, and the next one opened
      const here = this.progress.value[id];
      if (!here || here.loaded < here.total) this.fail(id);
    }
  }

  /** Try the series that failed once more. */
  again(): void {
    this.series.forEach((each) => this.note(this.library.load(each, this.token)));
    void this.settled(); // it may fail again
  }

  /** Fetch the next case's series while this one is read. */
  prefetch(series: readonly Series[], token: string): void {
    for (const each of series) this.library.load(each, token);
  }

  /** Forget everything, and fetch nothing more. */
  close(): void {
    clearTimeout(this.telling);
    this.series = [];
    this.library.keepOnly([]);
  }

  /** The next case's images, fetched ahead, have no read yet that could give them a token. */
  private async renewed(series: Series): Promise<string> {
    const { packet } = this;
    if (!packet || !allOf(packet).some((each) => each.id === series.id)) {
      throw new Error("These images are not of the case that is open.");
    }
    return this.renewToken(packet.read.id);
  }

  private isOfCase(id: string): boolean {
    return this.series.some((each) => each.id === id);
  }

  /** The page is told a few times a second, and at once that a series is whole. */
  private note(frames: SeriesFrames): void {
    if (!this.isOfCase(frames.series.id)) return;
    this.arrived.add(frames.series.id);
    if (frames.isComplete) this.tell();
    else this.telling ??= setTimeout(() => this.tell(), TELL_MS);
  }

  private tell(): void {
    clearTimeout(this.telling);
    this.telling = undefined;
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
