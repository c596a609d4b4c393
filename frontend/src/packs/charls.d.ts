/** CharLS as WebAssembly: what of it is used here. */
declare module "@cornerstonejs/codec-charls/decodewasmjs" {
  export interface JpegLsDecoder {
    /** Room in the decoder's memory for a codestream of that length. */
    getEncodedBuffer(length: number): Uint8Array;
    /** Throws a number for what is no codestream. */
    decode(): void;
    /** The samples, in the decoder's memory until it decodes again. */
    getDecodedBuffer(): Uint8ClampedArray;
    getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number };
  }
  export interface CharLs {
    JpegLSDecoder: new () => JpegLsDecoder;
  }
  export default function charLs(options: {
    locateFile?: (name: string) => string;
    wasmBinary?: Uint8Array;
  }): Promise<CharLs>;
}
