// Makes the HTJ2K streams (ISO 15444-15) beside it: `node tests/data/htj2k/make.mjs` after
// `npm ci` in frontend/, by OpenJPH as @cornerstonejs/codec-openjph carries it. The picture is the
// one of tests/integration/imaging/test_transfer_syntaxes.py: 40 rows of 48, 12 bits.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../frontend/package.json", import.meta.url));
const openjph = await require("@cornerstonejs/codec-openjph")();
const [rows, columns] = [40, 48];
const RPCL = 2; // the order of packets that 1.2.840.10008.1.2.4.202 asks for (PS3.5 A.4.4)
const LRCP = 0;

const picture = Uint16Array.from({ length: rows * columns }, (_, at) => {
  const [y, x] = [Math.floor(at / columns), at % columns];
  return Math.floor((3 * x * x + 2 * y * y + x * y) / 3);
});

function make(name, lossless, order) {
  const encoder = new openjph.HTJ2KEncoder();
  const shape = { width: columns, height: rows, bitsPerSample: 12, componentCount: 1, isSigned: false };
  const room = encoder.getDecodedBuffer({ ...shape, isUsingColorTransform: false });
  room.set(new Uint8Array(picture.buffer));
  encoder.setQuality(lossless, 0.0005);
  encoder.setProgressionOrder(order);
  encoder.setDecompositions(3);
  encoder.encode();
  writeFileSync(new URL(`${name}.j2c`, import.meta.url), encoder.getEncodedBuffer());
  encoder.delete();
}

make("lossless", true, LRCP);
make("lossless-rpcl", true, RPCL);
make("lossy", false, RPCL);
