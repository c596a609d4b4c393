import type { Heard } from "./meter";
import { PackError, type PackFrame } from "./parser";
import { PackRefused, type StreamPack } from "./stream";

/** What the page asks of the worker. */
export type Asked =
  | { kind: "fetch"; id: number; address: string; bytes: number }
  | { kind: "stop"; id: number }
  | { kind: "prepare" };

/** What the worker tells the page. */
export type Told =
  | { kind: "frames"; id: number; frames: readonly PackFrame[] }
  | { kind: "done"; id: number }
  | { kind: "decoding"; id: number }
  | { kind: "heard"; heard: Heard }
  | { kind: "failed"; id: number; name: string; message: string; status: number };

/** So long no decoder takes over a frame: some milliseconds are usual. */
const STUCK_MS = 20_000;

interface Job {
  onFrames: (frames: readonly PackFrame[]) => void;
  done: () => void;
  failed: (reason: Error) => void;
}

/**
 * Has packs fetched by a worker: bytes go on arriving while the page is busy with its first
 * pictures, and a reader's hand is not held up while the next case is fetched.
 */
export class Courier {
  private worker: Worker | null = null;
  private readonly jobs = new Map<number, Job>();
  private asked = 0;
  private stuck: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly make: () => Worker = makeWorker,
    private readonly onHeard: (heard: Heard) => void = () => undefined,
  ) {}

  /**
   * Have the worker started before there is something to fetch, where that can be.
   *
   * @param willDecode Whether packs will come compressed: what decodes them is fetched at once.
   */
  start(willDecode = false): void {
    try {
      this.worker ??= this.started();
      if (willDecode) this.ask({ kind: "prepare" });
    } catch {
      // The page goes on: what is fetched tries once more, and says when it fails.
    }
  }

  readonly stream: StreamPack = (address, bytes, signal, onFrames) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted(); // it would not say so again
      const id = (this.asked += 1);
      const done = (): void => {
        this.jobs.delete(id);
        resolve();
      };
      const failed = (reason: Error): void => {
        this.jobs.delete(id);
        reject(reason);
      };
      this.jobs.set(id, { onFrames, done, failed });
      signal.addEventListener("abort", () => {
        if (!this.jobs.has(id)) return;
        this.ask({ kind: "stop", id });
        failed(new DOMException("No case needs these images.", "AbortError"));
      });
      try {
        this.ask({ kind: "fetch", id, address, bytes });
      } catch (error) {
        failed(error instanceof Error ? error : new Error(String(error)));
      }
    });

  /** No case needs images any more. */
  stop(): void {
    if (this.worker) this.end(this.worker);
  }

  private ask(asked: Asked): void {
    this.worker ??= this.started();
    this.worker.postMessage(asked);
  }

  private started(): Worker {
    const worker = this.make();
    worker.onmessage = ({ data }: MessageEvent<Told>) => this.hear(data);
    worker.onerror = () => this.end(worker);
    return worker;
  }

  private end(worker: Worker): void {
    this.worker = null; // the next try starts another
    clearTimeout(this.stuck);
    worker.terminate();
    const reason = new TypeError("What fetches images has stopped.");
    for (const job of [...this.jobs.values()]) job.failed(reason);
  }

  /** A damaged codestream may hold its decoder for ever: the series is given up, others go on. */
  private watch(id: number): void {
    const { worker } = this;
    this.stuck = setTimeout(() => {
      this.jobs.get(id)?.failed(new PackError("The pack cannot be decoded."));
      if (worker) this.end(worker);
    }, STUCK_MS);
  }

  private hear(told: Told): void {
    clearTimeout(this.stuck);
    if (told.kind === "decoding") {
      this.watch(told.id);
      return;
    }
    if (told.kind === "heard") {
      this.onHeard(told.heard);
      return;
    }
    const job = this.jobs.get(told.id);
    if (!job) return; // it was stopped meanwhile
    if (told.kind === "done") job.done();
    else if (told.kind === "failed") job.failed(reasonOf(told));
    else this.handOn(job, told);
  }

  /** Frames that do not fit their series end the job, as they would on the page's own thread. */
  private handOn(job: Job, told: Extract<Told, { kind: "frames" }>): void {
    try {
      job.onFrames(told.frames);
    } catch (error) {
      this.ask({ kind: "stop", id: told.id });
      job.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

export function makeWorker(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
}

function reasonOf({ name, message, status }: Extract<Told, { kind: "failed" }>): Error {
  if (name === "PackRefused") return new PackRefused(status);
  return name === "PackError" ? new PackError(message) : new TypeError(message);
}
