import type { Types } from "@cornerstonejs/core";

import type { Series, Vector } from "../api/types";
import { centreOf, nearestFrame, normalOf, toVoxel, type Voxel } from "../geometry/frames";
import { edgeLetters } from "../geometry/orientation";
import { height } from "../geometry/sections";
import { scale, subtract } from "../geometry/vectors";
import type { SeriesFrames } from "../packs/load";
import { axesOf, pan, pxPerMm, zoom } from "./camera";
import type { Pane, PaneView, ScreenPoint } from "./contract";
import { frameOf, imageIdsOf, storedRange, valueAt } from "./images";

/** A pane that shows the frames of a series as they were acquired. */
export class StackPane implements Pane {
  readonly cut = "acquired";
  private slice: number;
  /** Whether its first picture is here. */
  isShowing = false;
  /** As large as the pane lets it be: the reader has neither enlarged nor moved it. */
  private isWhole = true;
  private isInverted: boolean;

  constructor(
    readonly series: Series,
    private window: readonly [number, number],
    private readonly viewport: Types.IStackViewport,
    private readonly frames: SeriesFrames | undefined,
  ) {
    this.slice = Math.floor((series.frames - 1) / 2);
    this.isInverted = series.geometry.photometric === "MONOCHROME1";
  }

  /** Show the middle frame in the window that was asked for. */
  async start(): Promise<void> {
    await this.viewport.setStack(imageIdsOf(this.series), this.slice);
    this.isShowing = true;
    this.show();
  }

  view(): PaneView {
    const { geometry } = this.series;
    const camera = this.viewport.getCamera();
    const { right, down } = axesOf(this.viewport, camera);
    return {
      series: this.series,
      cut: this.cut,
      slice: this.slice,
      slices: this.series.frames,
      window: this.window,
      isInverted: this.isInverted,
      px_per_mm: pxPerMm(this.viewport, camera),
      slab_mm: 0,
      letters: edgeLetters(right, down),
      plane: {
        point: centreOf(geometry, this.slice),
        normal: normalOf(geometry),
        thickness_mm: geometry.spacing_mm,
      },
    };
  }

  /** The frame in the picture: while the one that was asked for is on its way, the one before. */
  get painted(): number {
    return frameOf(this.viewport.getCornerstoneImage().imageId);
  }

  goTo(slice: number): void {
    const next = Math.min(Math.max(Math.round(slice), 0), this.series.frames - 1);
    if (next === this.slice) return;
    this.slice = next;
    this.viewport.setImageIdIndex(next).then(
      () => this.viewport.render(),
      () => undefined, // the pack failed: the load line says so
    );
  }

  goToPoint(point: Vector): void {
    this.goTo(nearestFrame(this.series.geometry, point));
  }

  setWindow(centre: number, width: number): void {
    this.window = [centre, Math.max(width, 1)];
    this.show();
  }

  setInverted(isInverted: boolean): void {
    this.isInverted = isInverted;
    this.show();
  }

  zoomBy(factor: number, about: ScreenPoint | null): void {
    if (!this.isShowing) return; // there is nothing yet to enlarge
    this.isWhole = false;
    zoom(this.viewport, factor, about);
    this.viewport.render();
  }

  panBy(dx_px: number, dy_px: number): void {
    if (!this.isShowing) return;
    this.isWhole = false;
    pan(this.viewport, dx_px, dy_px);
    this.viewport.render();
  }

  /** After the pane's size has changed. */
  fitAgain(): void {
    if (this.isWhole && this.isShowing) this.fit();
  }

  fit(): void {
    this.isWhole = true;
    this.viewport.resetCamera();
    this.viewport.render();
  }

  toScreen(point: Vector): ScreenPoint {
    return this.viewport.worldToCanvas([...point]);
  }

  toPatient(place: ScreenPoint): Vector {
    const point = this.viewport.canvasToWorld([...place]);
    // While a slice is being fetched the camera still stands at the one before: stay in the plane.
    const { plane } = this.view();
    return subtract(point, scale(plane.normal, height(plane, point)));
  }

  valueAt(point: Vector): number | null {
    return this.valueAtVoxel(toVoxel(this.series.geometry, point));
  }

  readonly valueAtVoxel = (voxel: Voxel): number | null => valueAt(this.frames, voxel);

  setSlab(): void {
    // Acquired frames are shown one by one; slabs are for rebuilt planes.
  }

  private show(): void {
    const voiRange = storedRange(this.series, this.window);
    this.viewport.setProperties({ voiRange, invert: this.isInverted });
    this.viewport.render();
  }
}
