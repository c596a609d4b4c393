/** One frame out of a pack: which one, and where its bytes lie in the pack. */
export interface PackFrame {
  index: number;
  offset: number;
  length: number;
}

const HEADER_BYTES = 12;
const PAIR_BYTES = 8;
const ALIGN = 8;
const VERSION = 1;
const RAW = 0;

/** A pack that is not as docs/architecture.md says. */
export class PackError extends Error {
  override readonly name = "PackError";
}

/**
 * Reads a pack while its bytes arrive (docs/architecture.md, *Pack*).
 *
 * The whole pack is kept in one buffer and frames are views of it: nothing is copied twice.
 */
export class PackParser {
  private readonly bytes: Uint8Array<ArrayBuffer>;
  private have = 0;
  private frames: PackFrame[] | null = null;
  private given = 0;

  /** @param size Length of the whole pack in bytes, as `Content-Length` says. */
  constructor(size: number) {
    if (!Number.isSafeInteger(size) || size < HEADER_BYTES) {
      throw new PackError(`A pack cannot have ${size} bytes.`);
    }
    this.bytes = new Uint8Array(size);
  }

  get buffer(): ArrayBuffer {
    return this.bytes.buffer;
  }

  /**
   * Take in the next bytes and give the frames that are complete by them, in sending order.
   *
   * @throws PackError when the bytes are no pack, or more than announced.
   */
  feed(chunk: Uint8Array): readonly PackFrame[] {
    if (this.have + chunk.length > this.bytes.length) {
      throw new PackError("The pack is longer than announced.");
    }
    this.bytes.set(chunk, this.have);
    this.have += chunk.length;
    this.frames ??= this.readIndex();
    return this.frames === null ? [] : this.takeComplete(this.frames);
  }

  /** @throws PackError when the pack ended early. */
  finish(): void {
    if (this.frames === null || this.given < this.frames.length) {
      throw new PackError("The pack ended early.");
    }
  }

  private takeComplete(frames: readonly PackFrame[]): readonly PackFrame[] {
    const from = this.given;
    for (let next = frames[this.given]; next; next = frames[this.given]) {
      if (next.offset + next.length > this.have) break;
      this.given += 1;
    }
    return frames.slice(from, this.given);
  }

  private readIndex(): PackFrame[] | null {
    if (this.have < HEADER_BYTES) return null;
    const view = new DataView(this.bytes.buffer);
    const magic = String.fromCharCode(...this.bytes.subarray(0, 4));
    if (magic !== "RSPK") throw new PackError("This is no pack.");
    if (view.getUint16(4, true) !== VERSION) throw new PackError("The pack's version is unknown.");
    if (view.getUint16(6, true) !== RAW) throw new PackError("The pack's encoding is unknown.");
    const count = view.getUint32(8, true);
    const indexEnd = HEADER_BYTES + PAIR_BYTES * count;
    if (indexEnd > this.bytes.length) throw new PackError("The pack's index is cut off.");
    if (this.have < indexEnd) return null;
    return framesOf(view, count, indexEnd + (-indexEnd & (ALIGN - 1)), this.bytes.length);
  }
}

function framesOf(view: DataView, count: number, start: number, size: number): PackFrame[] {
  const frames: PackFrame[] = [];
  const seen = new Set<number>();
  let offset = start;
  for (let number = 0; number < count; number += 1) {
    const at = HEADER_BYTES + PAIR_BYTES * number;
    const index = view.getUint32(at, true);
    const length = view.getUint32(at + 4, true);
    if (index >= count || seen.has(index)) throw new PackError("The pack's index repeats a frame.");
    seen.add(index);
    frames.push({ index, offset, length });
    offset += length;
  }
  if (offset !== size) throw new PackError("The pack's index and length do not agree.");
  return frames;
}
