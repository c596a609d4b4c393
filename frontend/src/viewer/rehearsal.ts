import { cache, Enums, type RenderingEngine, type Types } from "@cornerstonejs/core";

import type { Series } from "../api/types";
import { SeriesFrames } from "../packs/load";
import { imageIdsOf, PackImages } from "./images";
import { aPicture } from "./picture";

const SIDE_PX = 16;

/** A series of one black frame. */
const NOTHING: Series = {
  id: "rehearsal", role: "t1c", description: "", frames: 1, bytes: 0, acquisition: {}, encodings: [],
  geometry: {
    rows: 2, columns: 2, frames: 1, row_cosine: [1, 0, 0], column_cosine: [0, 1, 0],
    positions_mm: [[0, 0, 0]], pixel_spacing_mm: [1, 1], spacing_mm: 1, slice_thickness_mm: 1,
    frame_of_reference: "rehearsal", dtype: "uint16", rescale: [1, 0],
    photometric: "MONOCHROME2", window: [1, 2], presets: {},
  },
};

const VIEWPORT = "rehearsal";

/**
 * Paints nothing where nobody sees it, while the page waits for its case: shaders are
 * compiled and textures set up then, which the first picture would else wait for.
 */
export class Rehearsal {
  private readonly images: PackImages;
  private readonly host = document.createElement("div");
  private isOver = false;

  constructor(private readonly engine: RenderingEngine) {
    const frames = new SeriesFrames(NOTHING);
    frames.put(0, new Uint16Array(4));
    this.images = new PackImages((series) => (series === NOTHING.id ? frames : undefined));
    this.host.ariaHidden = "true";
    Object.assign(this.host.style, {
      position: "fixed", left: `${-SIDE_PX}px`, width: `${SIDE_PX}px`, height: `${SIDE_PX}px`,
      visibility: "hidden",
    });
  }

  /**
   * Ends when it is painted: whoever enables the viewport anew takes back what was asked before.
   *
   * @param at Which of the engine's contexts paints.
   */
  async paint(at: number): Promise<void> {
    document.body.append(this.host);
    this.engine.enableElement({
      viewportId: VIEWPORT,
      element: this.host,
      type: Enums.ViewportType.STACK,
      defaultOptions: { paintsIn: at } as Types.ViewportInputOptions,
    });
    const viewport = this.engine.getViewport<Types.IStackViewport>(VIEWPORT);
    await viewport.setStack(imageIdsOf(NOTHING));
    if (this.isOver) return;
    viewport.render();
    await aPicture();
  }

  /** Leave nothing behind. */
  end(): void {
    this.isOver = true;
    if (this.host.isConnected) this.engine.disableElement(VIEWPORT);
    this.host.remove();
    this.images.close();
    for (const id of imageIdsOf(NOTHING)) {
      if (cache.getImageLoadObject(id)) cache.removeImageLoadObject(id, { force: true });
    }
  }
}
