import { PackParser, type PackFrame } from "./parser";

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
 * @throws PackError for bytes that are no pack, TypeError when the network failed, PackRefused when
 *   the server refused.
 */
export type StreamPack = (
  address: string,
  bytes: number,
  signal: AbortSignal,
  onFrames: (frames: readonly PackFrame[]) => void,
) => Promise<void>;

/** Streams packs on the thread that asks. */
export function streamWith(send: typeof fetch): StreamPack {
  return async (address, bytes, signal, onFrames) => {
    const response = await send(address, { credentials: "same-origin", signal });
    if (!response.ok || response.body === null) throw new PackRefused(response.status);
    const parser = new PackParser(Number(response.headers.get("content-length") ?? bytes));
    const { next, cancel } = partsOf(response.body, parser);
    try {
      for (let frames = await next(); frames !== null; frames = await next()) {
        if (frames.length > 0) onFrames(frames);
      }
    } catch (error) {
      cancel().catch(() => undefined); // the rest of a broken pack need not come
      throw error;
    }
    parser.finish();
  };
}

interface Parts {
  /** The frames that the next bytes complete; null at the end. */
  next: () => Promise<readonly PackFrame[] | null>;
  /** Have no more bytes sent. */
  cancel: () => Promise<void>;
}

/** Bytes are read to where they stay, where the browser can: 84 MB need not be copied once more. */
function partsOf(body: ReadableStream<Uint8Array<ArrayBuffer>>, parser: PackParser): Parts {
  const direct = directReader(body);
  if (direct !== null) {
    const next: Parts["next"] = async () => {
      const { done, value } = await direct.read(parser.room());
      return done ? null : parser.take(value);
    };
    return { next, cancel: () => direct.cancel() };
  }
  const reader = body.getReader();
  const next: Parts["next"] = async () => {
    const { done, value } = await reader.read();
    return done ? null : parser.feed(value);
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
