import {
  cache,
  Enums,
  eventTarget,
  init,
  RenderingEngine,
  setCanvasCreator,
  type Types,
} from "@cornerstonejs/core";

import type { Series } from "../api/types";
import type { SeriesFrames } from "../packs/load";
import { writeSlice } from "./caption";
import type { Pane, PaneRequest, Stage, StageOptions } from "./contract";
import { imageIdsOf, PackImages } from "./images";
import type { RebuiltPane } from "./rebuilt";
import { aPicture } from "./picture";
import { Rehearsal } from "./rehearsal";
import { StackPane } from "./stack";
import { askAhead, contextOf, contextsOf, lose, nameOf } from "./warming";

const { ViewportType } = Enums;
const BLACK: [number, number, number] = [0, 0, 0];
// The large pane paints its slices in a WebGL context of its own, the others, which are of one size,
// in a second one: beside the large one a small pane would cost as much as it does. Cornerstone's own
// choice is seven. Rebuilt planes all paint in the first, where their volumes are.
const CONTEXTS = 2;
const LARGE = 0;
const FIRST_WAIT_MS = 500; // no longer the other panes wait for the first one's picture

interface Slot {
  request: PaneRequest;
  pane: StackPane | RebuiltPane;
  viewportId: string;
}

let engine: RenderingEngine | null = null;
let rehearsal: Rehearsal | null = null;
let hasContexts = false;
let isWarm = false;
/** What rebuilds planes, once it is loaded. */
let planes: typeof import("./rebuilt") | null = null;

/** The page's engine; it has no context yet. */
function engineOf(): RenderingEngine {
  if (engine === null) {
    setCanvasCreator(opaqueCanvas);
    init({ debug: {}, rendering: { webGlContextCount: CONTEXTS } });
    engine = new RenderingEngine("reading-room");
  }
  return engine;
}

/**
 * Make the contexts that pictures are painted in, where that is not done: while the page waits for
 * the server it is soon done, once images come it takes a tenth of a second and more.
 */
export function makeContexts(): void {
  if (hasContexts) return;
  for (let at = 0; at < CONTEXTS; at += 1) askAhead(contextOf(engineOf(), at));
  hasContexts = true;
}

/**
 * Make ready what every picture needs, before there is one: contexts, then, after the page had its
 * turn, what they paint with. What has to be asked of the server is better asked before. Called
 * again, it does nothing.
 */
export function warmUp(): RenderingEngine {
  const made = engineOf();
  if (!isWarm) {
    makeContexts();
    isWarm = true;
    const mine = (rehearsal = new Rehearsal(made));
    setTimeout(() => void rehearse(mine));
  }
  return made;
}

/** In each context: a context's first picture holds up the page, until its shaders are compiled. */
async function rehearse(mine: Rehearsal): Promise<void> {
  try {
    for (let at = 0; at < CONTEXTS && rehearsal === mine; at += 1) await mine.paint(at);
  } catch {
    mine.end(); // what hinders it hinders the first picture, which says so
  }
}

function endRehearsal(): void {
  rehearsal?.end();
  rehearsal = null;
}

/** Give back what pictures are painted with; the next page of pictures makes its own. */
export function closeEngine(): void {
  endRehearsal();
  if (engine) {
    const contexts = contextsOf(engine);
    engine.destroy();
    contexts.forEach(lose);
  }
  engine = null;
  hasContexts = false;
  isWarm = false;
  cache.purgeCache();
}

/** What pictures are painted with; null without WebGL 2. */
export function rendererName(): string | null {
  return nameOf(contextOf(engineOf(), LARGE));
}

/** A picture fills its canvas: one without transparency is copied to the screen, not blended. */
function opaqueCanvas(width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  canvas.getContext("2d", { alpha: false });
  return canvas;
}

/** Load what rebuilds planes; it fails as the browser says where it cannot be had, and may be asked again. */
export async function loadPlanes(): Promise<void> {
  planes ??= await import("./rebuilt");
}

/** Open the stage: the only way from the reading room to Cornerstone. */
export function openStage(
  framesOf: (series: string) => SeriesFrames | undefined,
  options: StageOptions,
): Stage {
  const made = warmUp();
  endRehearsal();
  return new CornerstoneStage(made, framesOf, options);
}

class CornerstoneStage implements Stage {
  private readonly images: PackImages;
  private slots: Slot[] = [];
  private made = 0;
  private readonly resizing = new ResizeObserver(() => this.resize());

  constructor(
    private readonly engine: RenderingEngine,
    private readonly framesOf: (series: string) => SeriesFrames | undefined,
    private readonly options: StageOptions,
  ) {
    this.images = new PackImages(framesOf);
    eventTarget.addEventListener(Enums.Events.WEBGL_CONTEXT_LOST, this.lost);
    eventTarget.addEventListener(Enums.Events.WEBGL_CONTEXT_RESTORED, this.back);
  }

  private readonly lost = (): void => this.options.onContext("lost");
  private readonly back = (): void => this.options.onContext("back");

  get panes(): readonly Pane[] {
    return this.slots.map((slot) => slot.pane);
  }

  async arrange(requests: readonly PaneRequest[], isNewCase = false): Promise<void> {
    const before = this.slots;
    const kept = requests.map((request) => before.find((slot) => isSame(slot.request, request)));
    for (const slot of before) {
      if (!kept.includes(slot)) this.dismiss(slot);
    }
    const started: Slot[] = [];
    this.slots = requests.map((request, number) => {
      const slot = kept[number] ?? this.make(request, number);
      if (!kept[number]) started.push(slot);
      this.listen(slot, number);
      return slot;
    });
    this.resize();
    await this.start(started, isNewCase);
    // A pane that shows the same series again has to say that it has painted, too: a case's second
    // half, or one that was taken over, would else wait for its first picture for ever.
    const same = this.slots.filter((slot) => before.includes(slot));
    if (same.length > 0) this.engine.renderViewports(same.map((slot) => slot.viewportId));
  }

  forget(series: readonly Series[]): void {
    series.forEach((each) => planes?.forgetVolume(each));
    for (const id of series.flatMap(imageIdsOf)) {
      if (cache.getImageLoadObject(id)) cache.removeImageLoadObject(id, { force: true });
    }
  }

  close(): void {
    this.slots = []; // panes that wait for their turn do not begin any more
    this.resizing.disconnect();
    eventTarget.removeEventListener(Enums.Events.WEBGL_CONTEXT_LOST, this.lost);
    eventTarget.removeEventListener(Enums.Events.WEBGL_CONTEXT_RESTORED, this.back);
    this.images.close();
    closeEngine();
  }

  /** Cornerstone keeps a picture's scale: in a narrower pane its sides would be cut off. */
  private resize(): void {
    this.engine.resize(true, true);
    this.slots.forEach(({ pane }) => pane.fitAgain());
  }

  private make(request: PaneRequest, number: number): Slot {
    this.made += 1;
    const viewportId = `pane-${this.made}`;
    const paintsIn = number === LARGE ? LARGE : CONTEXTS - 1; // of slices: `frontend/contexts.ts`
    this.engine.enableElement({
      viewportId,
      element: request.host as HTMLDivElement,
      type: request.cut === "acquired" ? ViewportType.STACK : ViewportType.ORTHOGRAPHIC,
      defaultOptions: { background: BLACK, paintsIn } as Types.ViewportInputOptions,
    });
    this.resizing.observe(request.host);
    return { request, pane: this.paneOf(request, viewportId), viewportId };
  }

  /** A case's first picture comes alone: the others would be prepared before any of them shows. */
  private async start(slots: readonly Slot[], isFirstAlone: boolean): Promise<void> {
    const [first, ...others] = slots.map((slot) => async (): Promise<void> => {
      if (this.slots.includes(slot)) await slot.pane.start();
    });
    const started = first?.();
    if (isFirstAlone) {
      const isSlow = new Promise<void>((resolve) => setTimeout(resolve, FIRST_WAIT_MS));
      await Promise.race([started?.then(aPicture), isSlow]).catch(() => undefined);
    }
    await Promise.all([started, ...others.map((start) => start())]);
  }

  private paneOf({ series, cut, window }: PaneRequest, viewportId: string): StackPane | RebuiltPane {
    const frames = this.framesOf(series.id);
    if (cut === "acquired") {
      const viewport = this.engine.getViewport<Types.IStackViewport>(viewportId);
      return new StackPane(series, window, viewport, frames);
    }
    if (!planes) throw new Error("What rebuilds planes is not loaded.");
    const viewport = this.engine.getViewport<Types.IVolumeViewport>(viewportId);
    return new planes.RebuiltPane(series, cut, window, viewport, frames);
  }

  private listen(slot: Slot, number: number): void {
    const { host } = slot.request;
    host.dataset.pane = String(number);
    host.removeEventListener(Enums.Events.IMAGE_RENDERED, this.painted);
    host.addEventListener(Enums.Events.IMAGE_RENDERED, this.painted);
  }

  /** Cornerstone paints a pane also before its first picture is here: black is no picture. */
  private readonly painted = (event: Event): void => {
    const host = event.currentTarget as HTMLElement;
    const number = Number(host.dataset.pane);
    const pane = this.slots[number]?.pane;
    if (pane?.isShowing !== true) return;
    const view = pane.view();
    writeSlice(host, pane.painted, view.slices);
    this.options.onPaint(number, view);
  };

  private dismiss(slot: Slot): void {
    const { host } = slot.request;
    this.resizing.unobserve(host);
    host.removeEventListener(Enums.Events.IMAGE_RENDERED, this.painted);
    this.engine.disableElement(slot.viewportId);
  }
}

function isSame(a: PaneRequest, b: PaneRequest): boolean {
  return a.host === b.host && a.series.id === b.series.id && a.cut === b.cut;
}
