import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import charLs from "@cornerstonejs/codec-charls/decodewasmjs";
import { describe, expect, test } from "vitest";

import { decodeWith, type Decode } from "./jpegls";
import { Encoding, PackError } from "./parser";

const ROWS = 9;
const COLUMNS = 7;
/** What the server made (`imaging.compressed`) of frames whose samples `make` gives. */
const FRAMES = [
  {
    name: "8 bits",
    encoding: Encoding.JpegLs,
    samples: Uint8Array,
    make: (value: number) => value % 256,
    stream:
      "/9j/9wALCAAJAAcBAREA/9oACAEBAAAAAIAAAoAABS8tK0kDAZhZRIDAAAMAAAxYVFAAACgAAFHSQjIh" +
      "eEhoZkBGh4+GQpQ1eO3SDHyTpOEwFGq+CJXrfnsg/9k=",
  },
  {
    name: "12 bits",
    encoding: Encoding.JpegLs,
    samples: Uint16Array,
    make: (value: number) => value % 4096,
    stream:
      "/9j/9wALDAAJAAcBAREA/9oACAEBAAAAAJRUVFPTUu1asbaZWk5OTEpIRk54RkRCQPygYFJQTkxKUhqS" +
      "EZEQkBQJz989eOycZ3Tlw3bEwQGrQmSIkoD/2Q==",
  },
  {
    name: "16 bits",
    encoding: Encoding.JpegLs,
    samples: Uint16Array,
    make: (value: number) => (value * 60) % 65536,
    stream:
      "/9j/9wALEAAJAAcBAREA//gADQH//wASAEMBFABA/9oACAEBAAAAAIObhzcs1LM0zFMvYYYYYWYUYSYQ" +
      "YYDHxR4UdFHBRsUaBkYcxFkBY8WOFjRYwWaAqGTFExJMQTDkwwsyFqpMITBkwRMCTACzAJZyX4l9JfCX" +
      "sl6Flwe8kvBLuS7EupLoLLAbFkuRLiS4Et5LcTKg/9k=",
  },
  {
    name: "16 bits with a sign",
    encoding: Encoding.JpegLsSigned,
    samples: Int16Array,
    make: (value: number) => value - 500,
    stream:
      "/9j/9wALEAAJAAcBAREA//gADQH//wASAEMBFABA/9oACAEBAAAAAAAAAAAAAfwWijE+TZLpNHg1BqDE" +
      "LQpEoNROidEySpIo0TrxRqJQqBfRQUEUooSdJlKilOqkUaiUKgRQo5fXl1cW0nadaWVhXVkmcBVVFNSU" +
      "VKD/2Q==",
  },
] as const;

const bytesOf = (text: string): ArrayBuffer => Uint8Array.from(Buffer.from(text, "base64")).buffer;

async function decoder(): Promise<Decode> {
  const path = createRequire(import.meta.url).resolve("@cornerstonejs/codec-charls/decodewasm");
  return decodeWith(await charLs({ wasmBinary: readFileSync(path) }));
}

describe("frames of compressed packs", () => {
  test.each(FRAMES)("of $name are what the server compressed", async (each) => {
    const decode = await decoder();
    const { index, bytes } = decode({ index: 5, bytes: bytesOf(each.stream) }, each.encoding);
    const wanted = Array.from({ length: ROWS * COLUMNS }, (_, at) => {
      const [row, column] = [Math.floor(at / COLUMNS), at % COLUMNS];
      return each.make(row * row * 13 + column * 41);
    });
    expect([index, ...new each.samples(bytes)]).toEqual([5, ...wanted]);
  });

  test("each have memory of their own", async () => {
    const decode = await decoder();
    const [small, wide] = [FRAMES[0], FRAMES[2]];
    const first = decode({ index: 0, bytes: bytesOf(wide.stream) }, wide.encoding).bytes;
    const before = [...new Uint16Array(first)];
    const second = decode({ index: 1, bytes: bytesOf(small.stream) }, small.encoding).bytes;
    expect([first.byteLength, second.byteLength]).toEqual([126, 63]);
    expect([...new Uint16Array(first)]).toEqual(before);
  });

  test("that are no codestream, or half of one, are refused; the next one is decoded", async () => {
    const decode = await decoder();
    const { stream, encoding } = FRAMES[1];
    const headless = bytesOf(stream).slice(20); // its samples, without what says how many
    const bad = [new ArrayBuffer(40), bytesOf(stream).slice(0, 60), new ArrayBuffer(0), headless];
    for (const bytes of bad) {
      expect(() => decode({ index: 3, bytes }, encoding)).toThrow(PackError);
    }
    expect(decode({ index: 3, bytes: bytesOf(stream) }, encoding).bytes.byteLength).toBe(126);
  });
});
