/**
 * Cornerstone's stack viewports as it sets them up by itself, on the packs of a case, and nothing
 * else on the page: what `benchmarks/viewer` compares the reading room's scrolling with.
 */
import { Enums, init, RenderingEngine, type Types } from "@cornerstonejs/core";

import { packAddress } from "../../src/api/calls";
import type { Series } from "../../src/api/types";
import { centreOf, nearestFrame } from "../../src/geometry/frames";
import { fetchPack, SeriesFrames } from "../../src/packs/load";
import { streamWith } from "../../src/packs/stream";
import { imageIdsOf, PackImages, storedRange } from "../../src/viewer/images";

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

interface Shown {
  series: Series;
  viewport: Types.IStackViewport;
}

const library = new Map<string, SeriesFrames>();
let engine: RenderingEngine | null = null;
let shown: Shown[] = [];

/** Fetch the series, each whole, and show one in each box. */
async function show(series: readonly Series[], token: string, boxes: readonly Box[]): Promise<void> {
  if (engine === null) {
    init();
    new PackImages((id) => library.get(id));
    engine = new RenderingEngine("bare");
  }
  for (const each of series) {
    if (library.has(each.id)) continue;
    const frames = new SeriesFrames(each);
    library.set(each.id, frames);
    const stream = streamWith((...request) => fetch(...request));
    await fetchPack(packAddress(token, each.id, "raw"), frames, new AbortController().signal, stream);
  }
  for (const { viewport } of shown) {
    engine.disableElement(viewport.id);
    viewport.element.remove();
  }
  shown = [];
  for (const [at, box] of boxes.entries()) {
    const each = series[at];
    if (each) shown.push(await hang(engine, each, box, `bare-${at}`));
  }
}

async function hang(on: RenderingEngine, series: Series, box: Box, viewportId: string): Promise<Shown> {
  const element = document.createElement("div");
  for (const side of ["left", "top", "width", "height"] as const) element.style[side] = `${box[side]}px`;
  document.body.append(element);
  on.enableElement({ viewportId, element, type: Enums.ViewportType.STACK });
  const viewport = on.getViewport<Types.IStackViewport>(viewportId);
  await viewport.setStack(imageIdsOf(series), Math.floor((series.frames - 1) / 2));
  viewport.setProperties({ voiRange: storedRange(series, series.geometry.window) });
  viewport.render();
  return { series, viewport };
}

/** Steps a second: the first pane's next slice, the others at the same place, until it is painted. */
async function scroll(steps: number): Promise<number> {
  const [first] = shown;
  if (!first) return 0;
  let painted = 0;
  const { element } = first.viewport;
  const count = (): void => void (painted += 1);
  element.addEventListener(Enums.Events.IMAGE_RENDERED, count);
  let slice = first.viewport.getCurrentImageIdIndex();
  const begun = performance.now();
  for (let step = 0; step < steps; step += 1) {
    const before = painted;
    slice += step % 40 < 20 ? 1 : -1;
    const point = centreOf(first.series.geometry, slice);
    for (const { series, viewport } of shown) {
      const frame = viewport === first.viewport ? slice : nearestFrame(series.geometry, point);
      void viewport.setImageIdIndex(frame).then(() => viewport.render());
    }
    while (painted === before) await new Promise(requestAnimationFrame);
  }
  element.removeEventListener(Enums.Events.IMAGE_RENDERED, count);
  return (1000 * steps) / (performance.now() - begun);
}

Object.assign(window, { bare: { show, scroll } });
