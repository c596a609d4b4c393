/** What the page says while a delivery is sent: all of it, and each large file that is on its way. */
import type { Outcome } from "./sending";

const MEGABYTE = 1_000_000;
const LARGE = 8 * 1024 * 1024;
const SHOWN_EVERY_MS = 200; // each byte that is told of would be a picture of its own

const size = (bytes: number): string =>
  bytes < 10 * MEGABYTE ? `${(bytes / MEGABYTE).toFixed(1)} MB` : `${(bytes / MEGABYTE).toFixed(0)} MB`;

/** A bar; `share` from 0 to 1. */
function meter(share: number, label: string): HTMLElement {
  const bar = document.createElement("progress");
  bar.className = "meter mb-2";
  bar.ariaLabel = label;
  bar.value = share;
  return bar;
}

function line(words: string, quiet = false): HTMLElement {
  const made = document.createElement("div");
  if (quiet) made.className = "small quiet";
  made.textContent = words;
  return made;
}

/** Counts files and bytes of one delivery. */
export class Progress {
  private readonly counts = { stored: 0, repeated: 0, refused: 0, done: 0 };
  private readonly refused = new Map<string, number>();
  private readonly underWay = new Map<File, number>();
  private doneBytes = 0;
  private due: ReturnType<typeof setTimeout> | undefined;
  private isOver = false;

  constructor(
    private readonly box: HTMLElement,
    private readonly files: number,
    private readonly bytes: number,
  ) {
    this.show();
  }

  /** Of a file, so many bytes are there. */
  moves(file: File, bytes: number): void {
    this.underWay.set(file, bytes);
    this.showSoon();
  }

  /** Of a file it is known what became of it. */
  done(file: File, outcome: Outcome): void {
    this.underWay.delete(file);
    this.doneBytes += file.size;
    this.counts[outcome.state] += 1;
    if (outcome.state === "refused") {
      this.refused.set(outcome.reason, (this.refused.get(outcome.reason) ?? 0) + 1);
    }
    this.showSoon();
  }

  /** Say something else once all is sent. */
  says(words: string): void {
    this.isOver = true;
    this.box.replaceChildren(meter(1, "All files"), line(words), ...this.reasons());
  }

  /** Say why it stopped; what other lanes still tell does not write over it. */
  stops(words: string): void {
    this.isOver = true;
    this.box.textContent = words;
  }

  private showSoon(): void {
    this.due ??= setTimeout(() => {
      this.due = undefined;
      if (!this.isOver) this.show();
    }, SHOWN_EVERY_MS);
  }

  private show(): void {
    const { stored, repeated, refused, done } = this.counts;
    const ended = stored + repeated + refused + done;
    const there = [...this.underWay.values()].reduce((sum, each) => sum + each, this.doneBytes);
    const share = this.bytes > 0 ? there / this.bytes : 1;
    const words =
      `${String(ended)} of ${String(this.files)} files, ${size(there)} of ${size(this.bytes)}` +
      (repeated > 0 ? `; ${String(repeated)} were there already` : "");
    this.box.replaceChildren(
      meter(share, "All files"),
      line(words),
      ...this.large(),
      ...this.reasons(),
    );
  }

  private large(): HTMLElement[] {
    return [...this.underWay]
      .filter(([file]) => file.size > LARGE)
      .flatMap(([file, bytes]) => [
        line(`${file.name}: ${size(bytes)} of ${size(file.size)}`, true),
        meter(bytes / file.size, file.name),
      ]);
  }

  private reasons(): HTMLElement[] {
    return [...this.refused].map(([reason, count]) => line(`${String(count)} × ${reason}`, true));
  }
}
