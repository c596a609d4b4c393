/** Decodes frames of compressed packs: loaded by the worker once a line is slow. */
import charLs, { type CharLs } from "@cornerstonejs/codec-charls/decodewasmjs";
import address from "@cornerstonejs/codec-charls/decodewasm?url";

import { Encoding, PackError, type PackFrame } from "./parser";

/** Gives a frame's samples as a raw pack would have them. */
export type Decode = (frame: PackFrame, encoding: Encoding) => PackFrame;

const SIGN = 0x8000;

/** @throws What the browser says where WebAssembly cannot be had. */
export async function loadDecode(): Promise<Decode> {
  return decodeWith(await charLs({ locateFile: () => address }));
}

/** A decoder by CharLS; one memory for all frames. */
export function decodeWith(codec: CharLs): Decode {
  const decoder = new codec.JpegLSDecoder();
  return ({ index, bytes }, encoding) => {
    // CharLS, as it is compiled, does not come back from a stream that is cut off.
    if (!isEnded(bytes)) throw new PackError(`Frame ${index} is cut off.`);
    try {
      decoder.getEncodedBuffer(bytes.byteLength).set(new Uint8Array(bytes));
      decoder.decode();
    } catch {
      throw new PackError(`Frame ${index} cannot be decoded.`);
    }
    const samples = decoder.getDecodedBuffer().slice().buffer;
    if (encoding === Encoding.JpegLsSigned) invertSign(samples);
    return { index, bytes: samples };
  };
}

/** Whether a codestream ends with EOI, its last marker. */
function isEnded(bytes: ArrayBuffer): boolean {
  const [first, second] = new Uint8Array(bytes).slice(-2);
  return first === 0xff && second === 0xd9;
}

/** JPEG-LS knows no sign: the pack has signed samples with their sign bit inverted. */
function invertSign(bytes: ArrayBuffer): void {
  const samples = new Uint16Array(bytes);
  for (let at = 0; at < samples.length; at += 1) samples[at] = (samples[at] ?? 0) ^ SIGN;
}
