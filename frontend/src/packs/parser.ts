/** One frame out of a pack: which one, and its bytes in a buffer of its own. */
export interface PackFrame {
  index: number;
  bytes: ArrayBuffer;
}

/** A place in the pack's index. */
interface Entry {
  index: number;
  length: number;
}

const HEADER_BYTES = 12;
const PAIR_BYTES = 8;
const ALIGN = 8;
const VERSION = 1;
const HEAD_ROOM_BYTES = 4096; // the index of 500 frames; what follows it in there is copied
const NOTHING = new Uint8Array(0);

/** How a pack's frames are written; 1 is kept for HTJ2K. */
export const Encoding = { Raw: 0, JpegLs: 2, JpegLsSigned: 3 } as const;
export type Encoding = (typeof Encoding)[keyof typeof Encoding];

/** A pack that is not as docs/architecture.md says. */
export class PackError extends Error {
  override readonly name = "PackError";
}

/**
 * Reads a pack while its bytes arrive (docs/architecture.md, *Pack*).
 *
 * Each frame has a buffer of its own: it can be handed from thread to thread, and a series needs no
 * piece of memory of its whole length. Where the browser can (`room`, `take`), bytes are read into
 * that buffer; else they are copied there once (`feed`).
 */
export class PackParser {
  /** Of the frames, once the first one is here. */
  encoding: Encoding = Encoding.Raw;
  private have = 0;
  private head: Uint8Array = NOTHING;
  private entries: readonly Entry[] | null = null;
  private given = 0;
  private frame: Uint8Array<ArrayBuffer> | null = null;
  private filled = 0;

  /** @param size Length of the whole pack in bytes, as `Content-Length` says. */
  constructor(private readonly size: number) {
    if (!Number.isSafeInteger(size) || size < HEADER_BYTES) {
      throw new PackError(`A pack cannot have ${size} bytes.`);
    }
  }

  /**
   * Take in the next bytes and give the frames that are complete by them, in sending order.
   *
   * @throws PackError when the bytes are no pack, or more than announced.
   */
  feed(chunk: Uint8Array): readonly PackFrame[] {
    if (this.have + chunk.length > this.size) {
      throw new PackError("The pack is longer than announced.");
    }
    this.have += chunk.length;
    const rest = this.entries === null ? this.takeHead(chunk) : chunk;
    return this.entries === null ? [] : this.fill(this.entries, rest);
  }

  /** Room for the next bytes. Whoever reads into it gives it back to `take`, with what was read. */
  room(): Uint8Array<ArrayBuffer> {
    const entry = this.entries?.[this.given];
    if (entry === undefined) return new Uint8Array(HEAD_ROOM_BYTES);
    this.frame ??= new Uint8Array(entry.length);
    return this.frame.subarray(this.filled);
  }

  /**
   * Take back the room, filled from its beginning: the frame that is complete by it, if one is.
   *
   * @param bytes What was read; its buffer may be another than the room's, as a browser moves it.
   * @throws PackError as `feed` does.
   */
  take(bytes: Uint8Array<ArrayBuffer>): readonly PackFrame[] {
    const entry = this.entries?.[this.given];
    if (entry === undefined) return this.feed(bytes);
    this.have += bytes.length;
    this.frame = new Uint8Array(bytes.buffer);
    this.filled += bytes.length;
    return this.filled < entry.length ? [] : [this.finished(entry, this.frame)];
  }

  /** @throws PackError when the pack ended early. */
  finish(): void {
    if (this.entries === null || this.given < this.entries.length) {
      throw new PackError("The pack ended early.");
    }
  }

  private fill(entries: readonly Entry[], bytes: Uint8Array): readonly PackFrame[] {
    const done: PackFrame[] = [];
    let rest = bytes;
    for (let entry = entries[this.given]; entry && rest.length > 0; entry = entries[this.given]) {
      this.frame ??= new Uint8Array(entry.length);
      const part = rest.subarray(0, entry.length - this.filled);
      this.frame.set(part, this.filled);
      this.filled += part.length;
      rest = rest.subarray(part.length);
      if (this.filled < entry.length) break;
      done.push(this.finished(entry, this.frame));
    }
    return done;
  }

  private finished({ index }: Entry, { buffer }: Uint8Array<ArrayBuffer>): PackFrame {
    this.given += 1;
    this.frame = null;
    this.filled = 0;
    return { index, bytes: buffer };
  }

  /** Collect header and index; what follows them is given back. */
  private takeHead(chunk: Uint8Array): Uint8Array {
    this.head = joined(this.head, chunk);
    if (this.head.length < HEADER_BYTES) return NOTHING;
    const view = new DataView(this.head.buffer);
    const count = countOf(view);
    this.encoding = encodingOf(view);
    const indexEnd = HEADER_BYTES + PAIR_BYTES * count;
    const start = indexEnd + (-indexEnd & (ALIGN - 1));
    if (start > this.size) throw new PackError("The pack's index is cut off.");
    if (this.head.length < start) return NOTHING;
    this.entries = entriesOf(view, count, this.size - start);
    const rest = this.head.subarray(start);
    this.head = NOTHING;
    return rest;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function countOf(view: DataView): number {
  const magic = [0, 1, 2, 3].map((at) => String.fromCharCode(view.getUint8(at))).join("");
  if (magic !== "RSPK") throw new PackError("This is no pack.");
  if (view.getUint16(4, true) !== VERSION) throw new PackError("The pack's version is unknown.");
  return view.getUint32(8, true);
}

function encodingOf(view: DataView): Encoding {
  const told = view.getUint16(6, true);
  const found = Object.values(Encoding).find((each) => each === told);
  if (found === undefined) throw new PackError("The pack's encoding is unknown.");
  return found;
}

function entriesOf(view: DataView, count: number, bytes: number): readonly Entry[] {
  const entries: Entry[] = [];
  const seen = new Set<number>();
  let sum = 0;
  for (let number = 0; number < count; number += 1) {
    const at = HEADER_BYTES + PAIR_BYTES * number;
    const index = view.getUint32(at, true);
    const length = view.getUint32(at + 4, true);
    if (index >= count || seen.has(index)) throw new PackError("The pack's index repeats a frame.");
    if (length === 0) throw new PackError(`Frame ${index} is empty.`);
    seen.add(index);
    entries.push({ index, length });
    sum += length;
  }
  if (sum !== bytes) throw new PackError("The pack's index and length do not agree.");
  return entries;
}
