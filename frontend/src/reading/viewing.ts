import { effect, signal } from "@preact/signals";

import type { Series, Vector } from "../api/types";
import type { Cut, Pane, PaneView, ScreenPoint, Stage } from "../viewer/contract";
import { watchGestures } from "../viewer/gestures";
import { draw, type Spot } from "../viewer/overlay";
import type { Shape } from "../viewer/scene";
import type { Gesture } from "./bursts";
import { firstLayout, hang, type Hung, type LayoutName } from "./hanging";
import { Pointer, type Dragged } from "./pointer";

const SLABS_MM = [0, 5, 10, 20];

/** What the viewing needs of the case around it. */
export interface ViewingHost {
  log: (kind: Gesture | "layout" | "link" | "tool", payload: Record<string, unknown>) => void;
  shapes: () => readonly Shape[];
  putMark: (pane: number, point: Vector) => void;
  selectMark: (id: string, pane: number) => void;
  moveMark: (id: string, point: Vector, series: string) => void;
  sizeMark: (id: string, diameter_mm: number) => void;
  painted: (pane: number) => void;
}

/** The elements of one pane on the page. */
interface Seat {
  host: HTMLElement;
  svg: SVGSVGElement;
  stop: () => void;
}

/** What shows in which pane, and how: the state and commands of looking. */
export class Viewing {
  readonly layout = signal<LayoutName>("main");
  readonly hung = signal<readonly Hung[]>([]);
  readonly views = signal<readonly (PaneView | null)[]>([]);
  readonly active = signal(0);
  readonly isLinked = signal(true);
  readonly areOverlaysHidden = signal(false);
  readonly isCross = signal(false);
  readonly cross_mm = signal<Vector | null>(null);
  readonly pointer: Pointer;
  private readonly seats = new Map<number, Seat>();
  private spots: readonly (readonly Spot[])[] = [];
  private onSeat: (() => void) | null = null;
  private series: readonly Series[] = [];
  private first: Series | undefined;
  private readonly presets = new Map<string, number>();

  constructor(
    readonly stage: Stage,
    readonly host: ViewingHost,
  ) {
    this.pointer = new Pointer(this);
    effect(() => {
      host.shapes(); // subscribe to all that is drawn
      this.redraw(this.areOverlaysHidden.value, this.pointer.dragged.value);
    });
  }

  /** Hang the series of a case anew. */
  async open(series: readonly Series[]): Promise<void> {
    this.series = series;
    this.first = undefined;
    this.active.value = 0;
    this.pointer.measures.value = [];
    this.cross_mm.value = null;
    this.layout.value = firstLayout(series);
    await this.arrange(hang(this.layout.value, series, undefined), null);
  }

  /** Called by the page for each pane that it shows; null when it is gone. */
  seat(pane: number, host: HTMLElement | null, svg: SVGSVGElement | null): void {
    this.seats.get(pane)?.stop();
    this.seats.delete(pane);
    if (!host || !svg) return;
    const stop = watchGestures(host, pane, this.pointer);
    this.seats.set(pane, { host, svg, stop });
    this.onSeat?.();
  }

  /** The layout that this case opened in. */
  usual(): LayoutName {
    return firstLayout(this.series);
  }

  async setLayout(layout: LayoutName): Promise<void> {
    if (layout === this.layout.value) return;
    if (layout === "planes") this.first = this.hung.value[this.active.value]?.series;
    this.layout.value = layout;
    this.active.value = 0;
    this.host.log("layout", { layout });
    await this.rehang();
  }

  /** Show another series in the active pane; the one that was there takes its place. */
  async showSeries(series: Series): Promise<void> {
    const hung = [...this.hung.value];
    const here = hung[this.active.value];
    if (!here || here.series.id === series.id) return;
    const other = hung.findIndex((each) => each.series.id === series.id);
    if (this.layout.value === "planes") {
      this.first = series;
      await this.rehang();
      return;
    }
    if (other >= 0) hung[other] = here;
    hung[this.active.value] = { series, cut: "acquired" };
    this.host.log("layout", { pane: this.active.value, role: series.role });
    await this.arrange(hung);
  }

  get pane(): Pane | undefined {
    return this.stage.panes[this.active.value];
  }

  step(slices: number): void {
    this.scrollTo(this.active.value, (this.pane?.view().slice ?? 0) + slices);
  }

  toEnd(isLast: boolean): void {
    this.scrollTo(this.active.value, isLast ? Infinity : 0);
  }

  /** Show a point in every pane. */
  jump(point: Vector): void {
    this.stage.panes.forEach((pane) => pane.goToPoint(point));
    if (this.isCross.value) this.cross_mm.value = point;
    this.log("scroll", this.active.value);
  }

  zoom(factor: number, about: ScreenPoint | null, pane = this.active.value): void {
    this.linked(pane).forEach((each) => each.zoomBy(factor, each === this.at(pane) ? about : null));
    this.log("zoom", pane);
  }

  fit(): void {
    this.linked(this.active.value).forEach((pane) => pane.fit());
    this.log("zoom", this.active.value);
  }

  invert(): void {
    this.pane?.setInverted(!this.pane.view().isInverted);
    this.log("window", this.active.value);
  }

  /** The next or previous window preset of the active pane's series. */
  preset(step: number): void {
    const pane = this.pane;
    if (!pane) return;
    const { geometry, id } = pane.series;
    const windows = [geometry.window, ...Object.values(geometry.presets)];
    const next = ((this.presets.get(id) ?? 0) + step + windows.length) % windows.length;
    this.presets.set(id, next);
    const [centre, width] = windows[next] ?? geometry.window;
    pane.setWindow(centre, width);
    this.log("window", this.active.value);
  }

  /** The next slab thickness, in every rebuilt plane. */
  slab(): void {
    const now = this.pane?.view().slab_mm ?? 0;
    const next = SLABS_MM[(SLABS_MM.indexOf(now) + 1) % SLABS_MM.length] ?? 0;
    const rebuilt = this.stage.panes.filter((pane) => pane.cut !== "acquired");
    rebuilt.forEach((pane) => pane.setSlab(next));
    if (rebuilt.length > 0) this.host.log("tool", { slab_mm: next });
  }

  toggleLink(): void {
    this.isLinked.value = !this.isLinked.value;
    this.host.log("link", { is_linked: this.isLinked.value });
  }

  toggleCross(): void {
    this.isCross.value = !this.isCross.value;
    if (!this.isCross.value) this.cross_mm.value = null;
    this.host.log("tool", { crosshair: this.isCross.value });
  }

  activate(pane: number): void {
    if (pane >= 0 && pane < this.hung.value.length) this.active.value = pane;
  }

  /** The middle of a pane, CSS pixels. */
  middleOf(pane: number): ScreenPoint {
    const box = this.seats.get(pane)?.host.getBoundingClientRect();
    return [(box?.width ?? 0) / 2, (box?.height ?? 0) / 2];
  }

  /** The marks that show in a pane, where they stand on screen. */
  spotsOf(pane: number): readonly Spot[] {
    return this.spots[pane] ?? [];
  }

  /** The value under the cursor, where the crosshair is out and in that pane. */
  probeIn(pane: number): number | null {
    const probe = this.pointer.probe.value;
    return probe?.pane === pane ? probe.value : null;
  }

  /** The place of a point on the page, for a popover beside it. */
  onPage(pane: number, point: Vector): ScreenPoint | null {
    const box = this.seats.get(pane)?.host.getBoundingClientRect();
    const shown = this.at(pane);
    if (!box || !shown) return null;
    const [x, y] = shown.toScreen(point);
    return [box.left + x, box.top + y];
  }

  /** Called by the stage after a pane has painted. */
  painted(pane: number): void {
    const view = this.at(pane)?.view() ?? null;
    this.views.value = this.hung.value.map((_, at) =>
      at === pane ? view : (this.views.peek()[at] ?? null),
    );
    this.redraw(this.areOverlaysHidden.peek(), this.pointer.dragged.peek(), pane);
    this.host.painted(pane);
  }

  close(): void {
    this.seats.forEach((seat) => seat.stop());
    this.seats.clear();
    this.stage.close();
  }

  private async rehang(): Promise<void> {
    await this.arrange(hang(this.layout.value, this.series, this.first));
  }

  /** @param point What every pane shows then; null: the middle of the first series. */
  private async arrange(hung: readonly Hung[], point = this.centre()): Promise<void> {
    this.views.value = hung.map(() => null);
    this.hung.value = hung; // the page makes a seat for each
    await this.seated(hung.length);
    const requests = hung.flatMap(({ series, cut }, pane) => {
      const seat = this.seats.get(pane);
      return seat ? [{ host: seat.host, series, cut: cut satisfies Cut }] : [];
    });
    await this.stage.arrange(requests);
    if (point) this.stage.panes.forEach((pane) => pane.goToPoint(point));
    else this.alignTo(0);
  }

  /** Resolves when the page has made as many seats. */
  private seated(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.onSeat = () => {
        if (this.seats.size >= count) resolve();
      };
      this.onSeat();
    });
  }

  private centre(): Vector | null {
    return this.cross_mm.peek() ?? this.pane?.view().plane.point ?? null;
  }

  at(pane: number): Pane | undefined {
    return this.stage.panes[pane];
  }

  scrollTo(pane: number, slice: number): void {
    this.at(pane)?.goTo(slice);
    if (this.isLinked.value) this.alignTo(pane);
    this.log("scroll", pane);
  }

  /** Bring the other panes to the same patient position. */
  private alignTo(pane: number): void {
    const source = this.at(pane);
    if (!source) return;
    const { plane } = source.view();
    const frame = source.series.geometry.frame_of_reference;
    this.stage.panes.forEach((other) => {
      const isSame = other.series.geometry.frame_of_reference === frame;
      if (other !== source && isSame && other.cut === source.cut) other.goToPoint(plane.point);
    });
  }

  linked(pane: number): readonly Pane[] {
    const one = this.at(pane);
    if (this.isLinked.value) return this.stage.panes;
    return one ? [one] : [];
  }

  log(kind: Gesture, pane: number): void {
    const view = this.at(pane)?.view();
    if (!view) return;
    const where = { pane, role: view.series.role, slice: view.slice };
    const window = kind === "window" ? { window: view.window, inverted: view.isInverted } : {};
    const zoom = kind === "zoom" ? { px_per_mm: round(view.px_per_mm) } : {};
    this.host.log(kind, { ...where, ...window, ...zoom });
  }

  private redraw(isHidden: boolean, dragged: Dragged | null, only?: number): void {
    const shapes = isHidden ? [] : this.host.shapes().map((shape) => underDrag(shape, dragged));
    this.spots = this.stage.panes.map((pane, at) => {
      const seat = this.seats.get(at);
      if (only !== undefined && only !== at) return this.spots[at] ?? [];
      return seat ? draw(seat.svg, pane, shapes) : [];
    });
  }
}

function underDrag(shape: Shape, dragged: Dragged | null): Shape {
  return shape.kind === "mark" && shape.id === dragged?.id ? { ...shape, ...dragged } : shape;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
