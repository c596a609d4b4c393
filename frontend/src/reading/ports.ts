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
}

/** @param packs The encodings that this site has packs in. */
export function browserPorts(packs: readonly string[]): Ports {
  const line = new Line();
  const courier = new Courier(makeWorker, (heard) => line.hear(heard));
  courier.start(line.choose(packs) !== "raw");
  return {
    api: new Api(new Client()),
    clock: machineClock,
    // A new tab id at every start: a duplicated tab must not write as its twin (fault C11).
    lifeline: new Lifeline(crypto.randomUUID()),
    openOutbox: () => openOutbox(),
    streamPack: courier.stream,
    line,
    loadStage: async () => {
      const { openStage, warmUp } = await loadedStage();
      warmUp();
      return openStage;
    },
    makeContexts: async () => (await loadedStage()).makeContexts(),
    loadPlanes: async () => (await loadedStage()).loadPlanes(),
    loadDrawing: () => import("./drawing"),
    rendererName,
  };
}

async function loadedStage(): Promise<typeof import("../viewer/stage")> {
  const stage = await import("../viewer/stage");
  await aTurn(); // a case that came while this was read has its images asked for first
  return stage;
}

/** By the stage's own context. Where there is none, a page without WebGL 2 is told from a bad line. */
async function rendererName(): Promise<string | null> {
  try {
    return (await loadedStage()).rendererName();
  } catch {
    return nameOf(document.createElement("canvas").getContext("webgl2"));
  }
}

/** Let the page do what has been waiting for its turn. */
function aTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
