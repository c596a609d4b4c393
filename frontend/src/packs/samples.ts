import type { Geometry } from "../api/types";
import { PackError, type PackFrame } from "./parser";

/** The samples of one frame, row by row. */
export type Samples = Uint8Array | Int16Array | Uint16Array;

/**
 * A frame's samples as a view of the pack's buffer.
 *
 * @throws PackError when the frame has not as many samples as the geometry says.
 */
export function samplesOf(buffer: ArrayBuffer, frame: PackFrame, geometry: Geometry): Samples {
  const count = geometry.rows * geometry.columns;
  const bytesEach = geometry.dtype === "uint8" ? 1 : 2;
  if (frame.length !== count * bytesEach) {
    throw new PackError(`Frame ${frame.index} has ${frame.length} bytes.`);
  }
  // A frame of an odd number of bytes can leave the next one unaligned: that one is copied.
  const isAligned = frame.offset % bytesEach === 0;
  const source = isAligned ? buffer : buffer.slice(frame.offset, frame.offset + frame.length);
  const offset = isAligned ? frame.offset : 0;
  if (geometry.dtype === "uint8") return new Uint8Array(source, offset, count);
  if (geometry.dtype === "int16") return new Int16Array(source, offset, count);
  return new Uint16Array(source, offset, count);
}
