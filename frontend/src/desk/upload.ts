/**
 * Delivers DICOM files from the Cases page: a folder dropped anywhere or chosen, sent file by file
 * (three at a time), each safe to repeat; says how many are done, of how many, and what was refused.
 */
const AT_ONCE = 3;
const TRIES = 4;

interface Outcome {
  state: "stored" | "repeated" | "refused" | "done";
  reason: string;
  count: number;
}

interface Standing {
  state: "receiving" | "working" | "done" | "failed";
  report: { ready?: [number, number]; failure?: string };
}

const cookie = (name: string): string =>
  document.cookie
    .split("; ")
    .find((each) => each.startsWith(`${name}=`))
    ?.slice(name.length + 1) ?? "";

const token = (): string => cookie("csrf") || cookie("__Host-csrf");

async function call(method: string, address: string, body?: File): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await fetch(address, {
        method,
        headers: { "X-CSRFToken": token(), "Content-Type": "application/octet-stream" },
        ...(body === undefined ? {} : { body }),
      });
      const document = (await answer.json()) as { detail?: string };
      if (answer.ok) return document;
      if (answer.status < 500) throw new Refusal(document.detail ?? `Refused (${String(answer.status)})`);
    } catch (error) {
      if (error instanceof Refusal || attempt === TRIES) throw error;
    }
    await new Promise((resume) => setTimeout(resume, 500 * 2 ** attempt));
  }
}

class Refusal extends Error {}

/** Every file of what was dropped, folders and all. */
async function filesOf(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  const found = await Promise.all(entries.flatMap((entry) => (entry ? [walk(entry)] : [])));
  return found.flat();
}

async function walk(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    return [await new Promise<File>((done, fail) => {
      (entry as FileSystemFileEntry).file(done, fail);
    })];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((done, fail) => {
      reader.readEntries(done, fail);
    });
    if (part.length === 0) break;
    all.push(...part);
  }
  return (await Promise.all(all.map(walk))).flat();
}

class Delivery {
  private done = 0;
  private readonly refused = new Map<string, number>();

  constructor(
    private readonly box: HTMLElement,
    private readonly files: readonly File[],
  ) {}

  private say(words: string): void {
    const share = this.files.length ? (100 * this.done) / this.files.length : 0;
    const meter = document.createElement("div");
    meter.className = "meter mb-2";
    const fill = document.createElement("span");
    fill.style.width = `${String(share)}%`;
    meter.append(fill);
    const line = document.createElement("div");
    line.textContent = words;
    const reasons = [...this.refused].map(([reason, count]) => {
      const each = document.createElement("div");
      each.className = "small quiet";
      each.textContent = `${String(count)} × ${reason}`;
      return each;
    });
    this.box.replaceChildren(meter, line, ...reasons);
  }

  private note(outcome: Outcome): void {
    this.done += 1;
    if (outcome.state === "refused") {
      this.refused.set(outcome.reason, (this.refused.get(outcome.reason) ?? 0) + 1);
    }
    this.say(`${String(this.done)} of ${String(this.files.length)} files sent`);
  }

  async run(address: string): Promise<void> {
    this.say(`0 of ${String(this.files.length)} files sent`);
    const { id } = (await call("POST", address)) as { id: string };
    const waiting = [...this.files];
    const lane = async (): Promise<void> => {
      for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
        this.note((await call("PUT", `/api/uploads/${id}/files`, file)) as Outcome);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    await call("POST", `/api/uploads/${id}/finish`);
    await this.packed(id);
    window.location.reload();
  }

  /** Wait until a worker has packed and checked everything; the page may be left meanwhile. */
  private async packed(id: string): Promise<void> {
    for (;;) {
      const { state, report } = (await call("GET", `/api/uploads/${id}`)) as Standing;
      if (state === "done") return;
      if (state === "failed") throw new Refusal(report.failure ?? "the series could not be packed");
      const [ready, of] = report.ready ?? [0, 0];
      const count = of ? ` (${String(ready)} of ${String(of)} examinations)` : "";
      this.say(`All files are sent; they are checked and packed now${count}. You can leave this page.`);
      await new Promise((resume) => setTimeout(resume, 1000));
    }
  }
}

/** Make the page take deliveries, if it has the place for it. */
export function takeDeliveries(): void {
  const zone = document.getElementById("dropzone");
  const box = document.getElementById("upload-state");
  const address = zone?.dataset.uploads;
  if (zone === null || box === null || address === undefined) return;
  const deliver = (files: readonly File[]): void => {
    if (files.length === 0) return;
    new Delivery(box, files).run(address).catch((error: unknown) => {
      box.textContent = `The delivery stopped: ${error instanceof Error ? error.message : "unknown"}. Drop the folder again; what was stored is skipped.`;
    });
  };
  for (const id of ["folder", "files"]) {
    const input = document.getElementById(id);
    if (input instanceof HTMLInputElement) {
      input.addEventListener("change", () => {
        deliver([...(input.files ?? [])]);
      });
    }
  }
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
