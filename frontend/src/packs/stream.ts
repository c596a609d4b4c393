import type { Decode } from "./jpegls";
import { Meter } from "./meter";
import { Encoding, PackError, PackParser, type PackFrame } from "./parser";

/** The server refused a pack; 404 is also what an expired token gets. */
export class PackRefused extends Error {
  override readonly name = "PackRefused";
  constructor(readonly status: number) {
    super(`The images were refused (${status}).`);
  }
}

/**
 * Fetches a pack and hands on its frames as they arrive.
 *
 * @param address The pack's.
 * @param bytes Its length, should the server not say.
 * @throws PackError for bytes that are no pack or cannot be decoded, TypeError when the network failed, PackRefused when
 *   the server refused.
 */
export type StreamPack = (
  address: string,
  bytes: number,
  signal: AbortSignal,
  onFrames: (frames: readonly PackFrame[]) => void,
) => Promise<void>;

/**
 * Streams packs on the thread that asks, and decodes there what is compressed.
 *
 * @param load Loads what decodes; called for compressed packs only.
 */
export function streamWith(
  send: typeof fetch,
  load: () => Promise<Decode> = cannotDecode,
  meter = new Meter(),
): StreamPack {
  return async (address, bytes, signal, onFrames) => {
    const response = await send(address, { credentials: "same-origin", signal });
    if (!response.ok || response.body === null) throw new PackRefused(response.status);
    const parser = new PackParser(Number(response.headers.get("content-length") ?? bytes));
    const { next, cancel } = partsOf(response.body, parser, meter);
    const decoded = decoderOf(parser, load, meter);
    try {
      for (let frames = await next(); frames !== null; frames = await next()) {
        if (frames.length > 0) onFrames(await decoded(frames));
      }
    } catch (error) {
      cancel().catch(() => undefined); // the rest of a broken pack need not come
      throw error;
    }
    parser.finish();
  };
}

type Frames = readonly PackFrame[];

/** Gives a pack's frames as they would be in a raw one. */
function decoderOf(
  parser: PackParser,
  load: () => Promise<Decode>,
  meter: Meter,
): (frames: Frames) => Frames | Promise<Frames> {
  return (frames) => {
    const { encoding } = parser;
    if (encoding === Encoding.Raw) return frames;
    return load().then(
      (decode) => frames.map((each) => meter.decoding(() => decode(each, encoding))),
      (reason: unknown) => {
        throw new PackError(`What decodes images is not here: ${String(reason)}`);
      },
    );
  };
}

function cannotDecode(): Promise<Decode> {
  return Promise.reject(new Error("None was given."));
}

interface Parts {
  /** The frames that the next bytes complete; null at the end. */
  next: () => Promise<readonly PackFrame[] | null>;
  /** Have no more bytes sent. */
  cancel: () => Promise<void>;
}

/** Bytes are read to where they stay, where the browser can: 84 MB need not be copied once more. */
function partsOf(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  parser: PackParser,
  meter: Meter,
): Parts {
  const direct = directReader(body);
  if (direct !== null) {
    const next: Parts["next"] = async () => {
      const { done, value } = await direct.read(parser.room());
      if (done) return null;
      meter.arrived(value.length);
      return parser.take(value);
    };
    return { next, cancel: () => direct.cancel() };
  }
  const reader = body.getReader();
  const next: Parts["next"] = async () => {
    const { done, value } = await reader.read();
    if (done) return null;
    meter.arrived(value.length);
    return parser.feed(value);
  };
  return { next, cancel: () => reader.cancel() };
}

/** Null where the stream is none of bytes: it says so by a TypeError only. */
function directReader(body: ReadableStream): ReadableStreamBYOBReader | null {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return null;
  }
}
