import { Api } from "../api/calls";
import { Client } from "../api/client";
import { openOutbox, type Opened } from "../outbox/opening";
import type { Stage, StageOptions } from "../viewer/contract";
import { Courier, makeWorker } from "../packs/courier";
import type { LibraryOptions } from "../packs/library";
import { Line } from "../packs/line";
import type { SeriesFrames } from "../packs/load";
import type { StreamPack } from "../packs/stream";
import { machineClock, type Clock } from "./clock";
import { Lifeline } from "./lifeline";

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
  /** How to ask for a series' images on this line. */
  choosePack: NonNullable<LibraryOptions["choose"]>;
  /** Loads Cornerstone and makes it ready, once: as soon as the page is there. */
  loadStage: () => Promise<OpenStage>;
}

/** @param packs The encodings that this site has packs in. */
export function browserPorts(packs: readonly string[]): Ports {
  const line = new Line();
  const choosePack: Ports["choosePack"] = (offered) => line.choose(offered);
  const courier = new Courier(makeWorker, (heard) => line.hear(heard));
  courier.start(choosePack(packs) !== "raw");
  return {
    api: new Api(new Client()),
    clock: machineClock,
    // A new tab id at every start: a duplicated tab must not write as its twin (fault C11).
    lifeline: new Lifeline(crypto.randomUUID()),
    openOutbox: () => openOutbox(),
    streamPack: courier.stream,
    choosePack,
    loadStage: async () => {
      const { openStage, warmUp } = await import("../viewer/stage");
      await aTurn(); // a case that came while this was read has its images asked for first
      warmUp();
      return openStage;
    },
  };
}

/** Let the page do what has been waiting for its turn. */
function aTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
