/**
 * The truth reader's images: slices by wheel and keys, lesions by a click.
 *
 * Positions are patient millimetres (DICOM LPS), from the slice's position, cosines and spacing
 * (PS3.3 C.7.6.2.1.1).
 */
type Point = readonly [number, number, number];

export interface Stack {
  id: string;
  name: string;
  /** "prior, 92 days earlier"; empty for the case's own examination. */
  prior: string;
  rows: number;
  columns: number;
  window: readonly [number, number];
  row_cosine: Point;
  column_cosine: Point;
  pixel_spacing_mm: readonly [number, number];
  positions_mm: readonly Point[];
}

const DEFAULT_DIAMETER_MM = 6;
const KEEP_WINDOW_MS = 120;

const dot = (a: Point, b: Point): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** The place (LPS, mm) of a pixel, columns and rows counted from the first pixel's centre. */
export function placeOf(stack: Stack, slice: number, column: number, row: number): Point {
  const [between, along] = stack.pixel_spacing_mm; // between rows, between columns
  const origin = stack.positions_mm[slice] ?? [0, 0, 0];
  const at = (axis: 0 | 1 | 2): number =>
    origin[axis] + stack.row_cosine[axis] * along * column + stack.column_cosine[axis] * between * row;
  return [at(0), at(1), at(2)];
}

/** Where a place lies in a slice: column and row, and how far off the slice's plane (mm). */
export function pixelOf(stack: Stack, slice: number, place: Point): { column: number; row: number; off: number } {
  const origin = stack.positions_mm[slice] ?? [0, 0, 0];
  const from: Point = [place[0] - origin[0], place[1] - origin[1], place[2] - origin[2]];
  const [a, b] = [stack.row_cosine, stack.column_cosine];
  const normal: Point = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const [between, along] = stack.pixel_spacing_mm;
  return { column: dot(from, a) / along, row: dot(from, b) / between, off: Math.abs(dot(from, normal)) };
}

/** The slice whose plane is nearest to a place. */
export function sliceNear(stack: Stack, place: Point): number {
  let best = 0;
  let least = Infinity;
  stack.positions_mm.forEach((_, slice) => {
    const { off } = pixelOf(stack, slice, place);
    if (off < least) [best, least] = [slice, off];
  });
  return best;
}

interface Shown { label: string; place: Point; diameter: number; isOwn: boolean }

/** Start where the page has a viewer. */
export function showTruthViewer(): void {
  const box = document.getElementById("truth-viewer");
  const data = document.getElementById("truth-stacks");
  if (box === null || data === null) return;
  const stacks = JSON.parse(data.textContent) as Stack[];
  if (stacks[0] !== undefined) new TruthViewer(box, stacks, stacks[0]).start();
}

class TruthViewer {
  private slice: number;
  private window: [number, number];
  private waiting: ReturnType<typeof setTimeout> | null = null;
  /** Where each examination was left: frames of two examinations do not correspond. */
  private readonly left = new Map<string, Point>();
  private readonly stage = this.part("truth-stage");
  private readonly image = this.part("truth-image") as HTMLImageElement;
  private readonly marks = document.getElementById("truth-marks") as unknown as SVGSVGElement;
  private readonly rows = document.getElementById("truth-rows");
  private readonly label: string;

  constructor(private readonly box: HTMLElement, private readonly stacks: readonly Stack[], private stack: Stack) {
    this.slice = middleOf(stack);
    this.window = [stack.window[0], stack.window[1]];
    this.label = this.stage.getAttribute("aria-label") ?? "";
  }

  start(): void {
    this.stacks.forEach((stack) => { this.addSeries(stack); });
    this.stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.move(event.deltaY > 0 ? 1 : -1);
    }, { passive: false });
    this.stage.addEventListener("keydown", (event) => { this.onKey(event); });
    this.stage.addEventListener("click", (event) => { this.onClick(event); });
    this.stage.addEventListener("contextmenu", (event) => { event.preventDefault(); });
    this.stage.addEventListener("pointermove", (event) => { this.onDrag(event); });
    this.rows?.addEventListener("input", () => { this.drawMarks(); });
    this.rows?.addEventListener("click", (event) => { this.onRow(event); });
    document.querySelectorAll<HTMLElement>("[data-lesion]").forEach((row) => {
      row.addEventListener("click", () => { this.goTo(placeFrom(row.dataset)); });
    });
    this.draw();
  }

  private part(id: string): HTMLElement {
    const found = document.getElementById(id);
    if (found === null) throw new Error(`The page has no ${id}.`);
    return found;
  }

  private addSeries(stack: Stack): void {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm btn-outline-secondary";
    button.textContent = nameOf(stack);
    button.addEventListener("click", () => { this.change(stack); this.draw(); });
    this.part("truth-series").append(button);
  }

  private change(stack: Stack): void {
    const middle = placeOf(this.stack, this.slice, this.stack.columns / 2, this.stack.rows / 2);
    this.left.set(this.stack.prior, middle);
    const place = this.left.get(stack.prior);
    this.stack = stack;
    this.window = [stack.window[0], stack.window[1]];
    this.slice = place === undefined ? middleOf(stack) : sliceNear(stack, place);
  }

  private move(by: number): void {
    const last = this.stack.positions_mm.length - 1;
    this.slice = Math.min(last, Math.max(0, this.slice + by));
    this.draw();
  }

  private goTo(place: Point | null): void {
    const own = this.stacks.find((each) => each.prior === "");
    if (place === null || own === undefined) return;
    if (this.stack.prior !== "") this.change(own); // a lesion's place is one of the case's own
    this.slice = sliceNear(this.stack, place);
    this.draw();
  }

  private onKey(event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowUp: -1, ArrowDown: 1, PageUp: -5, PageDown: 5 };
    const step = steps[event.key];
    if (step === undefined && event.key !== "Home") return;
    event.preventDefault();
    if (event.key === "Home") this.window = [this.stack.window[0], this.stack.window[1]];
    this.move(step ?? 0);
  }

  private onDrag(event: PointerEvent): void {
    if ((event.buttons & 2) === 0) return;
    const step = this.stack.window[1] / 300;
    this.window = [this.window[0] - event.movementY * step, Math.max(1, this.window[1] + event.movementX * step)];
    this.waiting ??= setTimeout(() => { this.waiting = null; this.draw(); }, KEEP_WINDOW_MS);
  }

  private onClick(event: MouseEvent): void {
    // The standard is of the case's own examination: the prior is looked at, and not marked.
    if (this.rows === null || this.stack.prior !== "") return;
    const edge = this.image.getBoundingClientRect();
    const column = ((event.clientX - edge.left) / edge.width) * this.stack.columns - 0.5;
    const row = ((event.clientY - edge.top) / edge.height) * this.stack.rows - 0.5;
    if (column < -0.5 || row < -0.5 || column > this.stack.columns || row > this.stack.rows) return;
    this.addLesion(placeOf(this.stack, this.slice, column, row));
  }

  private addLesion(place: Point): void {
    const row = this.emptyRow();
    const names = ["x_mm", "y_mm", "z_mm"] as const;
    names.forEach((name, axis) => { fieldOf(row, name).value = (place[axis] ?? 0).toFixed(1); });
    fieldOf(row, "diameter_mm").value = String(DEFAULT_DIAMETER_MM);
    const diseased = document.getElementById("diseased");
    if (diseased instanceof HTMLInputElement) diseased.checked = true;
    this.drawMarks();
    fieldOf(row, "diameter_mm").select();
  }

  private emptyRow(): HTMLElement {
    const all = [...(this.rows?.querySelectorAll("tr") ?? [])];
    const empty = all.find((row) => fieldOf(row, "x_mm").value === "");
    if (empty !== undefined) return empty;
    const made = all[all.length - 1]?.cloneNode(true) as HTMLElement;
    made.querySelectorAll("input").forEach((field) => {
      field.value = "";
      field.setAttribute("aria-label", (field.getAttribute("aria-label") ?? "").replace(/\d+$/, String(all.length + 1)));
    });
    const number = made.querySelector("td");
    if (number !== null) number.textContent = String(all.length + 1);
    this.rows?.append(made);
    return made;
  }

  private onRow(event: Event): void {
    const target = event.target as HTMLElement;
    const row = target.closest("tr");
    if (row === null) return;
    if (target.closest("[data-remove]") !== null) {
      row.querySelectorAll("input").forEach((field) => { field.value = ""; });
      this.drawMarks();
    } else {
      this.goTo(placeIn(row));
    }
  }

  private draw(): void {
    const [centre, width] = this.window;
    const look = `?c=${centre.toFixed(1)}&w=${width.toFixed(1)}`;
    this.image.src = `${this.box.dataset.pictures ?? ""}${this.stack.id}/${String(this.slice)}.png${look}`;
    const [between, along] = this.stack.pixel_spacing_mm;
    const shape = `${String(this.stack.columns * along)} / ${String(this.stack.rows * between)}`;
    this.stage.style.setProperty("--shape", shape);
    this.part("truth-place").textContent =
      `${nameOf(this.stack)} ${String(this.slice + 1)} / ${String(this.stack.positions_mm.length)}`;
    this.nameStage();
    this.drawMarks();
  }

  private nameStage(): void {
    const isPrior = this.stack.prior !== "";
    this.box.classList.toggle("is-prior", isPrior);
    this.stage.setAttribute("aria-label", isPrior ? (this.stage.dataset.priorLabel ?? "") : this.label);
    this.part("truth-series").querySelectorAll("button").forEach((each, number) => {
      each.setAttribute("aria-pressed", String(this.stacks[number] === this.stack));
    });
  }

  private shown(): Shown[] {
    if (this.stack.prior !== "") return []; // no registration: a lesion's place is unknown there
    const own = [...(this.rows?.querySelectorAll("tr") ?? [])].flatMap((row, number) => {
      const place = placeIn(row);
      const diameter = Number(fieldOf(row, "diameter_mm").value.replace(",", ".")) || DEFAULT_DIAMETER_MM;
      return place === null ? [] : [{ label: String(number + 1), place, diameter, isOwn: true }];
    });
    const others = [...document.querySelectorAll<HTMLElement>("[data-lesion]")].flatMap((row) => {
      const place = placeFrom(row.dataset);
      const diameter = Number(row.dataset.diameter);
      return place === null ? [] : [{ label: row.dataset.lesion ?? "", place, diameter, isOwn: false }];
    });
    return [...own, ...others];
  }

  private drawMarks(): void {
    const { stack } = this;
    const along = stack.pixel_spacing_mm[1];
    this.marks.setAttribute("viewBox", `-0.5 -0.5 ${String(stack.columns)} ${String(stack.rows)}`);
    this.marks.setAttribute("preserveAspectRatio", "none");
    this.marks.replaceChildren(...this.shown().flatMap((each) => {
      const { column, row, off } = pixelOf(stack, this.slice, each.place);
      if (off > each.diameter / 2 + 0.01 && sliceNear(stack, each.place) !== this.slice) return [];
      return markOf(column, row, Math.max(each.diameter / 2, 1.5) / along, each);
    }));
  }
}

function middleOf(stack: Stack): number {
  return Math.floor(stack.positions_mm.length / 2);
}

function nameOf(stack: Stack): string {
  return stack.prior === "" ? stack.name : `${stack.name} (${stack.prior})`;
}

function markOf(column: number, row: number, radius: number, each: Shown): SVGElement[] {
  const space = "http://www.w3.org/2000/svg";
  const circle = document.createElementNS(space, "circle");
  const values = { cx: column, cy: row, r: radius, class: each.isOwn ? "is-own" : "is-opinion" };
  Object.entries(values).forEach(([name, value]) => { circle.setAttribute(name, String(value)); });
  const words = document.createElementNS(space, "text");
  words.setAttribute("x", String(column + radius + 1));
  words.setAttribute("y", String(row));
  words.textContent = each.label;
  return [circle, words];
}

function fieldOf(row: Element, name: string): HTMLInputElement {
  const found = row.querySelector<HTMLInputElement>(`[name="${name}"]`);
  if (found === null) throw new Error(`The row has no ${name}.`);
  return found;
}

function placeIn(row: Element): Point | null {
  const typed = ["x_mm", "y_mm", "z_mm"].map((name) => fieldOf(row, name).value.replace(",", "."));
  return typed.some((each) => each.trim() === "") ? null : finite(typed.map(Number));
}

function placeFrom(data: DOMStringMap): Point | null {
  return finite([data.x, data.y, data.z].map(Number));
}

function finite(values: readonly number[]): Point | null {
  const [x = NaN, y = NaN, z = NaN] = values;
  return [x, y, z].every(Number.isFinite) ? [x, y, z] : null;
}
