import { Api } from "../api/calls";
import { Client } from "../api/client";
import { openOutbox, type Opened } from "../outbox/opening";
import type { Stage, StageOptions } from "../viewer/contract";
import { nameOf } from "../viewer/warming";
import { Courier, makeWorker } from "../packs/courier";
import { Line } from "../packs/line";
import type { SeriesFrames } from "../packs/load";
import type { StreamPack } from "../packs/stream";
import { machineClock, type Clock } from "./clock";
import { Lifeline } from "./lifeline";
import type { DrawingPart } from "./parts";

type OpenStage = (
  framesOf: (series: string) => SeriesFrames | undefined,
  options: StageOptions,
) => Stage;

/** What the room needs of the world around it; tests give their own. */
export interface Ports {
  api: Api;
  clock: Clock;
  lifeline: Lifeline;
  openOutbox: () => Promise<Opened>;
  streamPack: StreamPack;
  /** What is known of the line that images come over. */
  line: Line;
  /** Loads Cornerstone and makes it ready, the first time: as a case is asked for, or during the display check. */
  loadStage: () => Promise<OpenStage>;
  /** Makes what pictures are painted in, while the page waits for the server. */
  makeContexts: () => Promise<void>;
  /** Loads what rebuilds planes. */
  loadPlanes: () => Promise<void>;
  /** Loads what draws lesions. */
  loadDrawing: () => Promise<DrawingPart>;
  /** What this browser paints with; null when it has no WebGL 2. */
  rendererName: () => Promise<string | null>;
  /** Whether this room is there again after its page was reloaded. */
  wasReloaded: boolean;
  /** Gives back what was asked of the world. */
  close: () => void;
}

/**
 * @param packs The encodings that this site has packs in.
 * @param isAsLoaded Whether the room's page is the one that the browser has loaded.
 */
export function browserPorts(packs: readonly string[], isAsLoaded = true): Ports {
  const pictures = new Pictures();
  const lifeline = new Lifeline(crypto.randomUUID());
  const line = new Line();
  const courier = new Courier(makeWorker, (heard) => line.hear(heard));
  courier.start(line.choose(packs) !== "raw");
  return {
    api: new Api(new Client()),
    clock: machineClock,
    // A new tab id at every start: a duplicated tab must not write as its twin (fault C11).
    lifeline,
    openOutbox: () => openOutbox(),
    streamPack: courier.stream,
    line,
    loadStage: async () => {
      const { openStage, warmUp } = await pictures.loaded();
      warmUp();
      return openStage;
    },
    makeContexts: async () => (await pictures.loaded()).makeContexts(),
    loadPlanes: async () => (await pictures.loaded()).loadPlanes(),
    loadDrawing: () => import("./drawing"),
    rendererName: () => pictures.rendererName(),
    wasReloaded: isAsLoaded && isReload(),
    close: () => {
      courier.stop();
      pictures.close();
      lifeline.letGo();
    },
  };
}

type StageModule = typeof import("../viewer/stage");

/** What paints, loaded when it is first needed. */
class Pictures {
  private stage: StageModule | null = null;
  private readonly closed = new AbortController();

  /** @throws AbortError once it is closed: what waited for it must not begin any more. */
  async loaded(): Promise<StageModule> {
    const stage = await import("../viewer/stage");
    await aTurn(); // a case that came while this was read has its images asked for first
    this.closed.signal.throwIfAborted();
    return (this.stage = stage);
  }

  /** By the stage's own context. Where there is none, a page without WebGL 2 is told from a bad line. */
  async rendererName(): Promise<string | null> {
    try {
      return (await this.loaded()).rendererName();
    } catch {
      this.closed.signal.throwIfAborted();
      return nameOf(document.createElement("canvas").getContext("webgl2"));
    }
  }

  close(): void {
    this.closed.abort();
    this.stage?.closeEngine();
  }
}

function isReload(): boolean {
  const [entry] = performance.getEntriesByType("navigation");
  return entry instanceof PerformanceNavigationTiming && entry.type === "reload";
}

/** Let the page do what has been waiting for its turn. */
function aTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
