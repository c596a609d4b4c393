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
    const reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const frames = parser.feed(part.value);
      if (frames.length > 0) onFrames(frames);
    }
    parser.finish();
  };
}
