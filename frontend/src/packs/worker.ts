/** The worker that fetches packs (`courier.ts` speaks with it). */
import type { Asked, Told } from "./courier";
import { PackRefused, streamWith } from "./stream";

const stream = streamWith((...request) => fetch(...request));
const stops = new Map<number, AbortController>();

addEventListener("message", ({ data }: MessageEvent<Asked>) => {
  if (data.kind === "stop") stops.get(data.id)?.abort();
  else void run(data);
});

async function run({ id, address, bytes }: Extract<Asked, { kind: "fetch" }>): Promise<void> {
  const stop = new AbortController();
  stops.set(id, stop);
  try {
    await stream(address, bytes, stop.signal, (frames) => {
      tell({ kind: "frames", id, frames }, frames.map((frame) => frame.bytes)); // moved, not copied
    });
    tell({ kind: "done", id });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    const status = error instanceof PackRefused ? error.status : 0;
    tell({ kind: "failed", id, name, message, status });
  } finally {
    stops.delete(id);
  }
}

function tell(told: Told, transfer: ArrayBuffer[] = []): void {
  postMessage(told, { transfer });
}
