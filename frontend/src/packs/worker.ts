/** The worker that fetches packs (`courier.ts` speaks with it). */
import type { Asked, Told } from "./courier";
import type { Decode } from "./jpegls";
import { Meter } from "./meter";
import { Sheaf } from "./sheaf";
import { PackRefused, streamWith } from "./stream";

const meter = new Meter(undefined, (heard) => tell({ kind: "heard", heard }));
let decode: Promise<Decode> | null = null;
const stops = new Map<number, AbortController>();

addEventListener("message", ({ data }: MessageEvent<Asked>) => {
  if (data.kind === "prepare") decoder().catch(() => undefined); // who needs it is told
  else if (data.kind === "stop") stops.get(data.id)?.abort();
  else void run(data);
});

/** What decodes, loaded once it is needed. */
function decoder(): Promise<Decode> {
  decode ??= import("./jpegls").then((module) => module.loadDecode());
  decode.catch(() => (decode = null)); // the next try loads it again
  return decode;
}

/** The decoder, telling before each frame: from a damaged one it may not come back. */
async function watched(id: number): Promise<Decode> {
  const decode = await decoder();
  return (frame, encoding) => {
    tell({ kind: "decoding", id });
    return decode(frame, encoding);
  };
}

async function run({ id, address, bytes }: Extract<Asked, { kind: "fetch" }>): Promise<void> {
  const stop = new AbortController();
  stops.set(id, stop);
  meter.begin();
  const stream = streamWith((...request) => fetch(...request), () => watched(id), meter);
  const sheaf = new Sheaf((frames) => {
    tell({ kind: "frames", id, frames }, frames.map((frame) => frame.bytes)); // moved, not copied
  });
  try {
    await stream(address, bytes, stop.signal, sheaf.put);
    sheaf.flush();
    tell({ kind: "done", id });
  } catch (error) {
    sheaf.flush();
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    const status = error instanceof PackRefused ? error.status : 0;
    tell({ kind: "failed", id, name, message, status });
  } finally {
    stops.delete(id);
    const heard = meter.end();
    if (heard) tell({ kind: "heard", heard });
  }
}

function tell(told: Told, transfer: ArrayBuffer[] = []): void {
  postMessage(told, { transfer });
}
