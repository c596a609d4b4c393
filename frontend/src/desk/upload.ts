/**
 * Delivers DICOM files from the Cases page: a folder dropped anywhere or chosen. What is there
 * already is not sent; large files go in chunks; after a lost connection or a closed tab the same
 * folder goes on where it stopped.
 */
import { chosenFiles, datasetPaths, filesOf } from "./files";
import { Progress } from "./progress";
import { call, checksum, type Outcome, Refusal, sendFile, type Sent } from "./sending";

const AT_ONCE = 3;
const ASKED_AT_ONCE = 200;
const HASHED = 64 * 1024 * 1024; // larger files are never single images; their chunks resume

interface Standing {
  id: string;
  state: "receiving" | "working" | "done" | "failed";
  report: { ready?: [number, number]; failure?: string };
}

interface Addresses {
  uploads: string;
  known: string;
  result: string;
}

class Delivery {
  private readonly progress: Progress;
  private readonly paths: ReadonlyMap<File, string>;

  constructor(
    box: HTMLElement,
    private readonly files: readonly File[],
    private readonly addresses: Addresses,
  ) {
    this.progress = new Progress(
      box,
      files.length,
      files.reduce((sum, file) => sum + file.size, 0),
    );
    this.paths = datasetPaths(files);
  }

  /** Deliver; what stops it is said on the page. */
  async run(): Promise<void> {
    try {
      await this.deliver();
    } catch (error: unknown) {
      const why = error instanceof Error ? error.message : "unknown";
      this.progress.stops(
        `The delivery stopped: ${why}. Drop the folder again: it goes on where it stopped.`,
      );
    }
  }

  private async deliver(): Promise<void> {
    const id = await this.open();
    const lanes = Array.from({ length: AT_ONCE }, () => this.lane(id));
    await Promise.all(lanes);
    await call("POST", `/api/uploads/${id}/finish`);
    await this.packed(id);
    window.location.assign(this.addresses.result.replace(EMPTY, id));
  }

  /** The delivery that a closed tab left open, or a new one. */
  private async open(): Promise<string> {
    const left = (await call("GET", this.addresses.uploads)) as Standing[];
    const first = left[0];
    if (first !== undefined) return first.id;
    return ((await call("POST", this.addresses.uploads)) as Standing).id;
  }

  private readonly queue: Sent[] = [];
  private next = 0;

  private async lane(id: string): Promise<void> {
    for (;;) {
      if (this.queue.length === 0 && !(await this.fill(id))) return;
      const one = this.queue.shift();
      if (one === undefined) continue;
      const sent = (bytes: number): void => {
        this.progress.moves(one.file, bytes);
      };
      this.progress.done(one.file, await sendFile(id, one, sent));
    }
  }

  /** Take the next files; those that are there already are done. False when none are left. */
  private async fill(id: string): Promise<boolean> {
    const batch = this.files.slice(this.next, this.next + ASKED_AT_ONCE);
    this.next += batch.length;
    if (batch.length === 0) return false;
    const hashed: Sent[] = [];
    for (const file of batch) {
      const sha256 = file.size <= HASHED ? await checksum(file) : "";
      hashed.push({ file, sha256, path: this.paths.get(file) ?? "" });
    }
    const sha256 = hashed.map((each) => each.sha256).filter(Boolean);
    const known = await this.known(id, sha256);
    for (const each of hashed) {
      if (known.has(each.sha256)) this.progress.done(each.file, THERE);
      else this.queue.push(each);
    }
    return true;
  }

  /** Which of these are there already; the delivery's page counts them. */
  private async known(id: string, sha256: string[]): Promise<Set<string>> {
    if (sha256.length === 0) return new Set();
    const answer = await call("POST", this.addresses.known, { sha256, upload: id });
    return new Set((answer as { sha256: string[] }).sha256);
  }

  /** Wait until a worker has packed and checked everything; the page may be left meanwhile. */
  private async packed(id: string): Promise<void> {
    for (;;) {
      const { state, report } = (await call("GET", `/api/uploads/${id}`)) as Standing;
      if (state === "done") return;
      if (state === "failed") throw new Refusal(report.failure ?? "the series could not be packed");
      const [ready, of] = report.ready ?? [0, 0];
      const count = of ? ` (${String(ready)} of ${String(of)} examinations)` : "";
      this.progress.says(`All files are sent; they are checked and packed now${count}. You can leave this page.`);
      await new Promise((resume) => setTimeout(resume, 1000));
    }
  }
}

const THERE: Outcome = { state: "repeated", reason: "", count: 1 };
const EMPTY = "00000000-0000-0000-0000-000000000000";

/** Make the page take deliveries, if it has the place for it. */
export function takeDeliveries(): void {
  const zone = document.getElementById("dropzone");
  const box = document.getElementById("upload-state");
  const { uploads, known, result } = zone?.dataset ?? {};
  if (zone === null || box === null || !uploads || !known || !result) return;
  const deliver = (files: readonly File[]): void => {
    if (files.length === 0) return;
    void new Delivery(box, files, { uploads, known, result }).run();
  };
  chosenFiles(["folder", "files"], deliver);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("is-over");
  });
  document.addEventListener("dragleave", () => {
    zone.classList.remove("is-over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("is-over");
    if (event.dataTransfer) void filesOf(event.dataTransfer).then(deliver);
  });
}
