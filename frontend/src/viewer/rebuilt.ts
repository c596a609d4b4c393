import { cache, Enums, volumeLoader, type Types } from "@cornerstonejs/core";

import type { Series, Vector } from "../api/types";
import { normalOf, toPatient, toVoxel, type Voxel } from "../geometry/frames";
import { edgeLetters } from "../geometry/orientation";
import { dot, scale, subtract } from "../geometry/vectors";
import type { SeriesFrames } from "../packs/load";
import { axesOf, focalPointOf, pan, pxPerMm, shift, zoom } from "./camera";
import type { Cut, Pane, PaneView, ScreenPoint } from "./contract";
import { storedRange, valueAt } from "./images";
import "./volumes";

type Plane = Exclude<Cut, "acquired">;

const ORIENTATIONS: Readonly<Record<Plane, Enums.OrientationAxis>> = {
  axial: Enums.OrientationAxis.AXIAL,
  coronal: Enums.OrientationAxis.CORONAL,
  sagittal: Enums.OrientationAxis.SAGITTAL,
};

/** A pane that shows a series rebuilt in a plane of the patient, in steps of its finest spacing. */
export class RebuiltPane implements Pane {
  /** Whether its first picture is here. */
  isShowing = false;
  /** As large as the pane lets it be: the reader has neither enlarged nor moved it. */
  private isWhole = true;
  private isInverted: boolean;
  private slab_mm = 0;
  private readonly step_mm: number;

  constructor(
    readonly series: Series,
    readonly cut: Plane,
    private window: readonly [number, number],
    private readonly viewport: Types.IVolumeViewport,
    private readonly frames: SeriesFrames | undefined,
  ) {
    const { geometry } = series;
    this.isInverted = geometry.photometric === "MONOCHROME1";
    this.step_mm = Math.min(geometry.spacing_mm, ...geometry.pixel_spacing_mm);
  }

  /** Build the volume once every frame is here, and show its middle. */
  async start(): Promise<void> {
    if (!this.frames) return;
    const volumeId = await volumeOf(this.frames);
    await this.viewport.setVolumes([{ volumeId }]);
    this.viewport.setOrientation(ORIENTATIONS[this.cut]);
    this.isShowing = true;
    this.show();
  }

  view(): PaneView {
    const { right, down, away } = axesOf(this.viewport);
    const [low, high] = this.reach(away);
    const point = focalPointOf(this.viewport);
    return {
      series: this.series,
      cut: this.cut,
      slice: Math.round((dot(point, away) - low) / this.step_mm),
      slices: Math.floor((high - low) / this.step_mm) + 1,
      window: this.window,
      isInverted: this.isInverted,
      px_per_mm: pxPerMm(this.viewport),
      slab_mm: this.slab_mm,
      letters: edgeLetters(right, down),
      plane: { point, normal: away, thickness_mm: Math.max(this.slab_mm, this.step_mm) },
    };
  }

  /** The slice in the picture: there is none that has to be fetched first. */
  get painted(): number {
    return this.view().slice;
  }

  goTo(slice: number): void {
    const { away } = axesOf(this.viewport);
    const [low, high] = this.reach(away);
    const target = Math.min(Math.max(low + slice * this.step_mm, low), high);
    this.moveAlong(away, target);
  }

  goToPoint(point: Vector): void {
    const { away } = axesOf(this.viewport);
    this.moveAlong(away, dot(point, away));
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
    this.isWhole = false;
    zoom(this.viewport, factor, about);
    this.viewport.render();
  }

  panBy(dx_px: number, dy_px: number): void {
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
    const before = focalPointOf(this.viewport);
    this.viewport.resetCamera();
    this.goToPoint(before);
  }

  toScreen(point: Vector): ScreenPoint {
    return this.viewport.worldToCanvas([...point]);
  }

  toPatient(place: ScreenPoint): Vector {
    return this.viewport.canvasToWorld([...place]);
  }

  valueAt(point: Vector): number | null {
    return this.valueAtVoxel(toVoxel(this.series.geometry, point));
  }

  readonly valueAtVoxel = (voxel: Voxel): number | null => valueAt(this.frames, voxel);

  setSlab(thickness_mm: number): void {
    if (thickness_mm === this.slab_mm) return;
    this.slab_mm = thickness_mm;
    const { MAXIMUM_INTENSITY_BLEND, COMPOSITE } = Enums.BlendModes;
    this.viewport.setBlendMode(thickness_mm > 0 ? MAXIMUM_INTENSITY_BLEND : COMPOSITE);
    if (thickness_mm > 0) this.viewport.setSlabThickness(thickness_mm / 2); // to each side of the plane
    else this.viewport.resetSlabThickness();
    this.viewport.render();
  }

  private moveAlong(away: Vector, target: number): void {
    const by = target - dot(focalPointOf(this.viewport), away);
    if (Math.abs(by) < 1e-6) return;
    shift(this.viewport, scale(away, by));
    this.viewport.render();
  }

  /** Where the volume begins and ends along a direction (mm). */
  private reach(direction: Vector): readonly [number, number] {
    const { geometry } = this.series;
    const ends = [0, geometry.frames - 1].flatMap((frame) =>
      [0, geometry.rows - 1].flatMap((row) =>
        [0, geometry.columns - 1].map((column) =>
          dot(toPatient(geometry, { column, row, frame }), direction),
        ),
      ),
    );
    return [Math.min(...ends), Math.max(...ends)];
  }

  private show(): void {
    const voiRange = storedRange(this.series, this.window);
    this.viewport.setProperties({ voiRange, invert: this.isInverted });
    this.viewport.render();
  }
}

function volumeIdOf(series: Series): string {
  return `rebuilt-${series.id}`; // a colon would make Cornerstone look for an image loader
}

/** The volume of a series, made when it is first asked for and every frame is here. */
async function volumeOf(frames: SeriesFrames): Promise<string> {
  const { series } = frames;
  const { geometry } = series;
  const volumeId = volumeIdOf(series);
  if (cache.getVolume(volumeId)) return volumeId;
  const all = await Promise.all(
    Array.from({ length: series.frames }, (_, frame) => frames.wait(frame)),
  );
  const size = geometry.rows * geometry.columns;
  const Samples = arrayOf(geometry.dtype);
  const scalarData = new Samples(size * series.frames);
  all.forEach((samples, frame) => scalarData.set(samples, frame * size));
  const [betweenRows, betweenColumns] = geometry.pixel_spacing_mm;
  const volume = volumeLoader.createLocalVolume(volumeId, {
    scalarData,
    metadata: metadataOf(series),
    dimensions: [geometry.columns, geometry.rows, series.frames],
    spacing: [betweenColumns, betweenRows, stepOf(series)],
    origin: [...(geometry.positions_mm[0] ?? [0, 0, 0])],
    direction: [...geometry.row_cosine, ...geometry.column_cosine, ...normalOf(geometry)],
  });
  volume.modified(); // else the first pane to draw it sends the graphics processor no frame: black
  return volumeId;
}

function arrayOf(
  dtype: Series["geometry"]["dtype"],
): Uint8ArrayConstructor | Int16ArrayConstructor | Uint16ArrayConstructor {
  if (dtype === "uint8") return Uint8Array;
  return dtype === "int16" ? Int16Array : Uint16Array;
}

/** The mean distance between frames: the volume's far end lies where the last frame does. */
function stepOf(series: Series): number {
  const { positions_mm, spacing_mm } = series.geometry;
  const [first, last] = [positions_mm[0], positions_mm.at(-1)];
  if (!first || !last || positions_mm.length < 2) return spacing_mm;
  return dot(subtract(last, first), normalOf(series.geometry)) / (positions_mm.length - 1);
}

function metadataOf(series: Series): Types.Metadata {
  const { geometry } = series;
  const bits = geometry.dtype === "uint8" ? 8 : 16;
  return {
    BitsAllocated: bits,
    BitsStored: bits,
    SamplesPerPixel: 1,
    HighBit: bits - 1,
    PhotometricInterpretation: geometry.photometric,
    PixelRepresentation: geometry.dtype === "int16" ? 1 : 0,
    Modality: series.role === "ct" ? "CT" : "MR",
    ImageOrientationPatient: [...geometry.row_cosine, ...geometry.column_cosine],
    PixelSpacing: [...geometry.pixel_spacing_mm],
    FrameOfReferenceUID: geometry.frame_of_reference,
    Columns: geometry.columns,
    Rows: geometry.rows,
    voiLut: [{ windowCenter: geometry.window[0], windowWidth: geometry.window[1] }],
    VOILUTFunction: "LINEAR",
  };
}

/** Forget the volume of a series. */
export function forgetVolume(series: Series): void {
  const volumeId = volumeIdOf(series);
  if (!cache.getVolume(volumeId)) return;
  cache.removeVolumeLoadObject(volumeId);
  for (let frame = 0; frame < series.frames; frame += 1) {
    const slice = `${volumeId}_slice_${frame}`;
    if (cache.getImageLoadObject(slice)) cache.removeImageLoadObject(slice, { force: true });
  }
}

