import { effect, signal } from "@preact/signals";

import type { Hanging, Prior, Series, Vector } from "../api/types";
import { normalOf } from "../geometry/frames";
import { planeName } from "../geometry/orientation";
import { height } from "../geometry/sections";
import { add, scale, subtract } from "../geometry/vectors";
import type { Cut, Pane, PaneView, ScreenPoint, Stage } from "../viewer/contract";
import type { Gesture } from "./bursts";
import { ChosenWindows } from "./chosen-windows";
import { Cine } from "./cine";
import { Comparison } from "./comparison";
import { firstLayout, hang, USUAL, windowsOf, type Hung, type LayoutName } from "./hanging";
import { Hiding } from "./hiding";
import { alignTogether, panTogether, zoomTogether } from "./linking";
import { Overlays } from "./overlays";
import { Pointer } from "./pointer";
import { Seats } from "./seats";
import type { ViewingHost } from "./viewing-host";

/** Thicknesses of a slab; 0 is single slices. */
export const SLABS_MM = [0, 5, 10, 20];

/** What shows in which pane, and how: the state and commands of looking. */
export class Viewing {
  readonly layout = signal<LayoutName>("main");
  readonly hung = signal<readonly Hung[]>([]);
  readonly views = signal<readonly (PaneView | null)[]>([]);
  readonly active = signal(0);
  readonly isLinked = signal(true);
  readonly hiding = new Hiding();
  readonly isCross = signal(false);
  readonly cross_mm = signal<Vector | null>(null);
  readonly isLoupe = signal(false);
  readonly pointer: Pointer;
  readonly comparison = new Comparison();
  readonly overlays = new Overlays(this);
  readonly cine = new Cine(this);
  readonly seats = new Seats(() => this.pointer);
  private readonly stopDrawing: () => void;
  private wasCross = false;
  /** Counts layouts that were asked for: one that waits for its code is shown if none came after. */
  private wish = 0;
  /** Where the reader was led last, by the list or a key: other layouts and planes open there. */
  private looked_mm: Vector | null = null;
  /** Of the current examination. */
  series: readonly Series[] = [];
  private first: Series | undefined;
  private hanging: Hanging = USUAL;
  private readonly presets = new Map<string, number>();
  private readonly chosen = new ChosenWindows();

  constructor(
    readonly stage: Stage,
    readonly host: ViewingHost,
  ) {
    this.pointer = new Pointer(this);
    this.stopDrawing = effect(() => {
      host.shapes(); // subscribe to all that is drawn, and to where the prior lies
      this.comparison.track();
      this.overlays.redraw(this.pointer.dragged.value);
    });
  }

  /** Hang the series of a case anew, as the protocol says. */
  async open(series: readonly Series[], hanging: Hanging, prior: Prior | null = null): Promise<void> {
    this.wish += 1;
    this.series = series;
    this.comparison.open(series, prior, this.host.keptLink());
    this.hanging = hanging;
    this.presets.clear();
    this.chosen.clear();
    this.isLinked.value = hanging.linked.length > 0;
    this.first = undefined;
    this.active.value = 0;
    this.cine.stop();
    this.hiding.clear();
    this.pointer.measuring.cancel();
    this.cross_mm.value = null;
    this.looked_mm = null;
    this.isCross.value = false;
    this.layout.value = firstLayout(series, hanging.layout, prior !== null);
    if (this.layout.value === "planes") this.wasCross = false;
    await this.arrange(this.hangingFor(undefined), null, true);
    if (this.layout.value === "planes") this.setCross(true);
  }

  /** The layout beside the three planes: the one that this case opened in, if that is another. */
  usual(): LayoutName {
    const { layout } = this.hanging;
    const hasPrior = this.comparison.prior.value !== null;
    return firstLayout(this.series, layout === "planes" ? "auto" : layout, hasPrior);
  }

  async setLayout(layout: LayoutName): Promise<void> {
    this.wish += 1;
    if (layout === this.layout.value) return;
    if (layout === "planes" && !(await this.canRebuild())) return;
    this.cine.stop();
    this.stage.panes.forEach((pane) => pane.setSlab(0)); // a slab does not follow into another layout
    const hasPlanes = layout === "planes";
    if (hasPlanes) this.first = this.hung.value[this.active.value]?.series;
    if (hasPlanes) this.wasCross = this.isCross.value;
    const isLeaving = this.layout.value === "planes";
    this.layout.value = layout;
    this.active.value = 0;
    this.host.log("layout", { layout });
    await this.arrange(this.hangingFor(this.first));
    // Three planes come with their crosshair; what was before comes back with the layout.
    if (hasPlanes || isLeaving) this.setCross(hasPlanes || this.wasCross);
  }

  /** Show another series in the active pane; the one that was there takes its place. */
  async showSeries(series: Series): Promise<void> {
    const hung = [...this.hung.value];
    const here = hung[this.active.value];
    if (!here || here.series.id === series.id) return;
    const other = hung.findIndex((each) => each.series.id === series.id);
    if (this.layout.value === "planes") {
      this.first = series;
      await this.arrange(this.hangingFor(this.first));
      return;
    }
    if (other >= 0) hung[other] = here;
    hung[this.active.value] = { series, cut: "acquired" };
    const isPrior = this.comparison.isPrior(series);
    this.host.log("layout", { pane: this.active.value, role: series.role, is_prior: isPrior });
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

  /** Show a point in every pane: of the current examination, or of the series that is named. */
  jump(point: Vector, of?: Series): void {
    this.cine.stop();
    this.showPoint(point, of);
    this.looked_mm = of ? this.comparison.toCurrent(of, point) : point;
    if (this.isCross.value) this.cross_mm.value = this.looked_mm;
    this.log("scroll", this.active.value);
  }

  zoom(factor: number, about: ScreenPoint | null, pane = this.active.value): void {
    const source = this.at(pane);
    if (!source) return;
    zoomTogether(this.linked(pane, "zoom"), source, factor, about, this.comparison.between);
    this.log("zoom", pane);
  }

  pan(pane: number, dx_px: number, dy_px: number): void {
    const source = this.at(pane);
    if (!source) return;
    panTogether(this.linked(pane, "pan"), source, [dx_px, dy_px], this.comparison.between);
    this.log("pan", pane);
  }

  fit(): void {
    this.linked(this.active.value, "zoom").forEach((pane) => pane.fit());
    this.log("zoom", this.active.value);
  }

  invert(): void {
    this.pane?.setInverted(!this.pane.view().isInverted);
    this.log("window", this.active.value);
  }

  /** The window as at first. */
  autoWindow(): void {
    this.usePreset(0);
  }

  /** The windows of the active pane's series (`windowsOf`). */
  windows(): readonly (readonly [string | null, readonly [number, number]])[] {
    const series = this.hung.value[this.active.value]?.series;
    return series ? windowsOf(series) : [];
  }

  usePreset(number: number): void {
    const [, window] = this.windows()[number] ?? [];
    if (!this.pane || !window) return;
    this.presets.set(this.pane.series.id, number);
    this.pane.setWindow(...window);
    this.log("window", this.active.value);
  }

  /** The next or previous window preset of the active pane's series. */
  preset(step: number): void {
    const count = this.windows().length;
    const now = this.presets.get(this.pane?.series.id ?? "") ?? 0;
    if (count > 0) this.usePreset((now + step + count) % count);
  }

  /** The next slab thickness, in every rebuilt plane. */
  slab(): void {
    const now = this.pane?.view().slab_mm ?? 0;
    void this.setSlab(SLABS_MM[(SLABS_MM.indexOf(now) + 1) % SLABS_MM.length] ?? 0);
  }

  /** Show the brightest value over a thickness: in all three planes, else in the active pane. */
  async setSlab(thickness_mm: number): Promise<void> {
    this.wish += 1;
    const isPlanes = this.layout.value === "planes";
    const here = this.active.value;
    if (thickness_mm > 0 && (!(await this.canRebuild()) || here !== this.active.value)) return;
    if (!isPlanes) await this.rebuildActive(thickness_mm > 0);
    const panes = isPlanes ? this.stage.panes : [this.pane].filter((pane) => pane !== undefined);
    panes.forEach((pane) => pane.setSlab(thickness_mm));
    this.host.log("tool", { slab_mm: thickness_mm });
  }

  toggleLink(): void {
    this.isLinked.value = !this.isLinked.value;
    if (this.isTied("position")) this.alignTo(this.active.peek()); // what came apart meanwhile
    this.host.log("link", { is_linked: this.isLinked.value });
  }

  toggleCross(): void {
    this.setCross(!this.isCross.value);
  }

  activate(pane: number): void {
    if (pane >= 0 && pane < this.hung.value.length) this.active.value = pane;
  }

  /** The value under the cursor, where the crosshair is out and in that pane. */
  probeIn(pane: number): number | null {
    const probe = this.pointer.probe.value;
    return probe?.pane === pane ? probe.value : null;
  }

  /** The place of a point on the page, for a popover beside it. */
  onPage(pane: number, point: Vector): ScreenPoint | null {
    const shown = this.at(pane);
    const by = shown && this.comparison.fromCurrent(shown.series);
    return by ? this.seats.onPage(pane, shown.toScreen(add(point, by))) : null;
  }

  /** Called by the stage after a pane has painted. */
  painted(pane: number, view: PaneView): void {
    const here = this.hung.value[pane];
    if (here?.series.id !== view.series.id || here.cut !== view.cut) return; // of the layout or case before
    this.views.value = this.hung.value.map((_, at) =>
      at === pane ? view : (this.views.peek()[at] ?? null),
    );
    const only = this.isCross.peek() ? undefined : pane; // its plane shows in the others as a line
    this.overlays.redraw(this.pointer.dragged.peek(), only);
    this.cine.painted(pane);
    this.host.painted();
  }

  close(): void {
    this.stopDrawing();
    this.seats.close();
    this.stage.close();
  }

  private hangingFor(first: Series | undefined): readonly Hung[] {
    const { layout, series, hanging, comparison } = this;
    return hang(layout.value, series, first, hanging.roles, comparison.series);
  }

  /** @param point What every pane shows then; null: the middle of the first series. */
  private async arrange(hung: readonly Hung[], point = this.centre(), isNewCase = false): Promise<void> {
    const before = this.stage.panes.filter((_, pane) => this.views.peek()[pane]); // that show a picture
    this.pointer.forgetKeys();
    this.views.value = hung.map(() => null);
    this.hung.value = hung; // the page makes a seat for each
    await this.seats.filled(hung.length);
    const requests = hung.flatMap(({ series, cut }, pane) => {
      const host = this.seats.hostOf(pane);
      const window = this.chosen.of(series, this.hanging.window);
      return host ? [{ host, series, cut: cut satisfies Cut, window }] : [];
    });
    await this.stage.arrange(requests, isNewCase);
    this.chosen.invert(this.stage.panes);
    if (point) this.showPoint(point);
    else {
      this.chosen.begin(this.stage.panes.filter((pane) => before.includes(pane)), this.hanging.window);
      this.alignTo(0);
    }
  }

  private showPoint(point: Vector, of?: Series): void {
    const { between, fromCurrent } = this.comparison;
    for (const pane of this.stage.panes) {
      const by = of ? between(of, pane.series) : fromCurrent(pane.series);
      if (by) pane.goToPoint(add(point, by));
    }
  }

  /** The place that is looked at, in the current examination's coordinates. */
  private centre(): Vector | null {
    const { pane } = this;
    const shown = pane && this.comparison.toCurrent(pane.series, pane.view().plane.point);
    return this.cross_mm.peek() ?? this.looked_mm ?? shown ?? null;
  }

  at(pane: number): Pane | undefined {
    return this.stage.panes[pane];
  }

  scrollTo(pane: number, slice: number): void {
    this.cine.stop();
    this.turnTo(pane, slice);
  }

  /** Show a slice of a pane, and of the linked panes the one at the same place of the patient. */
  turnTo(pane: number, slice: number): void {
    const shown = this.at(pane);
    shown?.goTo(slice);
    if (this.isTied("position")) this.alignTo(pane);
    if (shown) this.follow(shown);
    this.log("scroll", pane);
  }

  /** The crosshair, and the place that was looked at, come along to the slice that a pane shows. */
  private follow(shown: Pane): void {
    const { plane } = shown.view();
    const point = this.comparison.toCurrent(shown.series, plane.point);
    if (!point) return;
    const inPlane = (mm: Vector | null): Vector | null =>
      mm && subtract(mm, scale(plane.normal, height({ ...plane, point }, mm)));
    this.cross_mm.value = inPlane(this.cross_mm.peek());
    this.looked_mm = inPlane(this.looked_mm);
  }

  /** Bring the other panes to the same patient position; three planes each keep their own. */
  private alignTo(pane: number): void {
    const source = this.layout.value === "planes" ? undefined : this.at(pane);
    if (source) alignTogether(this.stage.panes, source, this.comparison.between);
  }

  /** Whether planes can be rebuilt, and are still wished for once what does it has come. */
  private async canRebuild(): Promise<boolean> {
    const mine = (this.wish += 1);
    return (await this.host.canRebuild()) && mine === this.wish;
  }

  private setCross(isOn: boolean): void {
    if (this.isCross.value === isOn) return;
    this.cross_mm.value = isOn ? this.centre() : null;
    this.isCross.value = isOn;
    this.host.log("tool", { crosshair: isOn });
  }

  /** Slabs need a volume: show the active pane's series rebuilt in its own plane, or as acquired. */
  private async rebuildActive(isRebuilt: boolean): Promise<void> {
    const here = this.hung.value[this.active.value];
    if (!here) return;
    const cut: Cut = isRebuilt ? planeName(normalOf(here.series.geometry)) : "acquired";
    if (here.cut === cut) return;
    await this.arrange(this.hung.value.map((each) => (each === here ? { ...each, cut } : each)));
  }

  /** Whether panes move together in a way: as the protocol links them, or in all ways if it does not. */
  isTied(by: Hanging["linked"][number]): boolean {
    const { linked } = this.hanging;
    return this.isLinked.value && (linked.length === 0 || linked.includes(by));
  }

  linked(pane: number, by: "zoom" | "pan"): readonly Pane[] {
    const one = this.at(pane);
    if (this.isTied(by)) return this.stage.panes;
    return one ? [one] : [];
  }

  log(kind: Gesture, pane: number): void {
    const view = this.at(pane)?.view();
    if (!view) return;
    if (kind === "window") this.chosen.keep(view);
    const where = { pane, role: view.series.role, slice: view.slice };
    const window = kind === "window" ? { window: view.window, inverted: view.isInverted } : {};
    const zoom = kind === "zoom" ? { px_per_mm: Math.round(100 * view.px_per_mm) / 100 } : {};
    this.host.log(kind, { ...where, ...window, ...zoom });
  }
}
