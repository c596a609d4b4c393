import type { Series, Vector } from "../api/types";
import type { Voxel } from "../geometry/frames";
import type { EdgeLetters } from "../geometry/orientation";
import type { Plane } from "../geometry/sections";

/** How a pane cuts its series: as it was acquired, or rebuilt in a plane of the patient. */
export type Cut = "acquired" | "axial" | "coronal" | "sagittal";

/** A place in a pane, CSS pixels from its upper left corner. */
export type ScreenPoint = readonly [number, number];

/** What a pane is asked to show. */
export interface PaneRequest {
  host: HTMLElement;
  series: Series;
  cut: Cut;
  /** Centre and width at first. */
  window: readonly [number, number];
}

/** What a pane shows, told anew after each picture it paints. */
export interface PaneView {
  series: Series;
  cut: Cut;
  /** From 0. */
  slice: number;
  slices: number;
  /** Centre and width, after rescale. */
  window: readonly [number, number];
  isInverted: boolean;
  px_per_mm: number;
  /** Thickness over which the brightest value shows; 0 for single slices. */
  slab_mm: number;
  letters: EdgeLetters;
  plane: Plane;
}

/** One pane of the reading room. */
export interface Pane {
  readonly series: Series;
  readonly cut: Cut;
  view(): PaneView;
  goTo(slice: number): void;
  /** Show the slice nearest to a point of the patient. */
  goToPoint(point: Vector): void;
  setWindow(centre: number, width: number): void;
  setInverted(isInverted: boolean): void;
  /** Enlarge by a factor about a place that stays where it is. */
  zoomBy(factor: number, about: ScreenPoint | null): void;
  /** Move the picture over the screen. */
  panBy(dx_px: number, dy_px: number): void;
  /** Show the whole picture, as at first. */
  fit(): void;
  toScreen(point: Vector): ScreenPoint;
  toPatient(place: ScreenPoint): Vector;
  /** The value after rescale at a point, or null outside the picture. */
  valueAt(point: Vector): number | null;
  /** The same at a voxel. */
  readonly valueAtVoxel: (voxel: Voxel) => number | null;
  /** Thickness over which the brightest value shows (mm); 0 for single slices. */
  setSlab(thickness_mm: number): void;
}

/** Draws panes. Made by `openStage`, which alone loads Cornerstone. */
export interface Stage {
  /**
   * Show these panes and no others; those that stay as they are keep their view. Planes can be
   * rebuilt once what does it is loaded (`loadPlanes`).
   *
   * @param isNewCase Whether the first pane's picture is to come before the others are prepared.
   */
  arrange(requests: readonly PaneRequest[], isNewCase?: boolean): Promise<void>;
  readonly panes: readonly Pane[];
  /** Forget pictures of series that no case needs. */
  forget(series: readonly Series[]): void;
  close(): void;
}

export interface StageOptions {
  /** Called after a pane has painted. */
  onPaint: (pane: number, view: PaneView) => void;
  /** The graphics processor was lost and is back, or is gone. */
  onContext: (state: "lost" | "back") => void;
}
