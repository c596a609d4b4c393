import type { Geometry } from "../api/types";
import { PackError, type PackFrame } from "./parser";

/** The samples of one frame, row by row. */
export type Samples = Uint8Array | Int16Array | Uint16Array;

/**
 * A frame's samples as a view of its bytes.
 *
 * @throws PackError when the frame has not as many samples as the geometry says.
 */
export function samplesOf({ index, bytes }: PackFrame, geometry: Geometry): Samples {
  const count = geometry.rows * geometry.columns;
  const bytesEach = geometry.dtype === "uint8" ? 1 : 2;
  if (bytes.byteLength !== count * bytesEach) {
    throw new PackError(`Frame ${index} has ${bytes.byteLength} bytes.`);
  }
  if (geometry.dtype === "uint8") return new Uint8Array(bytes);
  if (geometry.dtype === "int16") return new Int16Array(bytes);
  return new Uint16Array(bytes);
}
