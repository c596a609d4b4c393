import { imageLoader, metaData, utilities, Enums, type Types } from "@cornerstonejs/core";

import type { Series } from "../api/types";
import type { SeriesFrames } from "../packs/load";
import type { Samples } from "../packs/samples";

const SCHEME = "pack";
const PRIORITY = 10_000;

/** The name by which Cornerstone asks for a frame. */
export function imageId(series: string, frame: number): string {
  return `${SCHEME}:${series}/${frame}`;
}

export function imageIdsOf(series: Series): string[] {
  return Array.from({ length: series.frames }, (_, frame) => imageId(series.id, frame));
}

/** Which frame of its series a name is. */
export function frameOf(id: string): number {
  return Number(id.slice(id.lastIndexOf("/") + 1));
}

/** Serves Cornerstone with images and geometry out of packs: no DICOM parsing in the browser. */
export class PackImages {
  private readonly provide = (type: string, id: unknown): unknown =>
    typeof id === "string" ? this.metadata(type, id) : undefined;

  constructor(private framesOf: (series: string) => SeriesFrames | undefined) {
    imageLoader.registerImageLoader(SCHEME, (id) => ({ promise: this.image(id) }));
    metaData.addProvider(this.provide, PRIORITY);
  }

  close(): void {
    metaData.removeProvider(this.provide);
    this.framesOf = () => undefined; // Cornerstone keeps its loader: not the room with it
  }

  private find(id: string): { frames: SeriesFrames; frame: number } | null {
    const [series, frame] = id.slice(SCHEME.length + 1).split("/");
    if (!id.startsWith(`${SCHEME}:`) || series === undefined) return null;
    const frames = this.framesOf(series);
    return frames ? { frames, frame: Number(frame) } : null;
  }

  private async image(id: string): Promise<Types.IImage> {
    const found = this.find(id);
    if (!found) throw new Error("This image is not of the case that is open.");
    const samples = await found.frames.wait(found.frame);
    return imageOf(id, found.frames.series, samples);
  }

  private metadata(type: string, id: string): unknown {
    const found = this.find(id);
    return found ? modulesOf(found.frames.series, found.frame)[type]?.() : undefined;
  }
}

function extremes(samples: Samples): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of samples) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** An image of stored values; the window is converted instead of the pixels (`storedWindow`). */
function imageOf(id: string, series: Series, samples: Samples): Types.IImage {
  const { rows, columns, pixel_spacing_mm, window, photometric } = series.geometry;
  const [minPixelValue, maxPixelValue] = extremes(samples);
  const voxelManager = utilities.VoxelManager.createImageVoxelManager({
    scalarData: samples,
    width: columns,
    height: rows,
    numberOfComponents: 1,
  });
  return {
    imageId: id,
    dataType: samples.constructor.name as Types.PixelDataTypedArrayString,
    color: false,
    rgba: false,
    numberOfComponents: 1,
    rows,
    columns,
    height: rows,
    width: columns,
    rowPixelSpacing: pixel_spacing_mm[0],
    columnPixelSpacing: pixel_spacing_mm[1],
    slope: 1,
    intercept: 0,
    windowCenter: window[0],
    windowWidth: window[1],
    voiLUTFunction: Enums.VOILUTFunctionType.LINEAR,
    photometricInterpretation: photometric,
    invert: photometric === "MONOCHROME1",
    minPixelValue,
    maxPixelValue,
    sizeInBytes: samples.byteLength,
    voxelManager: voxelManager,
    getPixelData: () => samples,
    getCanvas: () => {
      throw new Error("Pictures are painted by the graphics processor only.");
    },
  };
}

type Modules = Readonly<Record<string, (() => unknown) | undefined>>;

/** The DICOM modules that Cornerstone asks for, out of the packet's geometry. */
function modulesOf(series: Series, frame: number): Modules {
  const { geometry } = series;
  return {
    imagePlaneModule: () => imagePlane(series, frame),
    imagePixelModule: () => imagePixel(series),
    voiLutModule: () => ({
      windowCenter: [geometry.window[0]],
      windowWidth: [geometry.window[1]],
    }),
    modalityLutModule: () => ({ rescaleSlope: 1, rescaleIntercept: 0, rescaleType: "US" }),
    generalSeriesModule: () => ({
      modality: series.role === "ct" ? "CT" : "MR",
      seriesInstanceUID: series.id,
    }),
  };
}

function imagePlane(series: Series, frame: number): unknown {
  const { geometry } = series;
  const position = geometry.positions_mm[frame];
  return {
    frameOfReferenceUID: geometry.frame_of_reference,
    rows: geometry.rows,
    columns: geometry.columns,
    imageOrientationPatient: [...geometry.row_cosine, ...geometry.column_cosine],
    rowCosines: geometry.row_cosine,
    columnCosines: geometry.column_cosine,
    imagePositionPatient: position,
    sliceThickness: geometry.slice_thickness_mm ?? geometry.spacing_mm,
    sliceLocation: frame,
    spacingBetweenSlices: geometry.spacing_mm,
    pixelSpacing: geometry.pixel_spacing_mm,
    rowPixelSpacing: geometry.pixel_spacing_mm[0],
    columnPixelSpacing: geometry.pixel_spacing_mm[1],
    usingDefaultValues: false,
  };
}

function imagePixel(series: Series): unknown {
  const { geometry } = series;
  const bits = geometry.dtype === "uint8" ? 8 : 16;
  return {
    samplesPerPixel: 1,
    photometricInterpretation: geometry.photometric,
    rows: geometry.rows,
    columns: geometry.columns,
    bitsAllocated: bits,
    bitsStored: bits,
    highBit: bits - 1,
    pixelRepresentation: geometry.dtype === "int16" ? 1 : 0,
    planarConfiguration: 0,
  };
}

/** The range of stored values that a window (centre, width, after rescale) shows. */
export function storedRange(
  series: Series,
  [centre, width]: readonly [number, number],
): { lower: number; upper: number } {
  const [slope, intercept] = series.geometry.rescale;
  const stored = (value: number): number => (value - intercept) / slope;
  const ends = [stored(centre - width / 2), stored(centre + width / 2)];
  return { lower: Math.min(...ends), upper: Math.max(...ends) };
}

/** The value after rescale of the sample nearest to a point; null outside or not yet here. */
export function valueAt(
  frames: SeriesFrames | undefined,
  voxel: { column: number; row: number; frame: number },
): number | null {
  if (!frames) return null;
  const { rows, columns, rescale } = frames.series.geometry;
  const [column, row] = [Math.round(voxel.column), Math.round(voxel.row)];
  if (column < 0 || row < 0 || column >= columns || row >= rows) return null;
  const sample = frames.at(Math.round(voxel.frame))?.[row * columns + column];
  return sample === undefined ? null : sample * rescale[0] + rescale[1];
}

