import { signal, type Signal } from "@preact/signals";

import type { Vector } from "../api/types";
import { distance } from "../geometry/vectors";
import type { Pane, ScreenPoint } from "../viewer/contract";
import type { Drag, GestureHandler, Means, Pinch, Tool } from "../viewer/gestures";
import { isMeasureTool, Measuring, type Hold } from "./measuring";
import { gripAt, markAt, proposalAt, type MarkSpot } from "./reach";
import { Segmenting } from "./segmenting";
import type { Viewing } from "./viewing";

const ZOOM_PER_PX = 1.006;
const WINDOW_PER_PX = 1 / 400; // of the window's width
const SCROLL_PX = 4; // of dragging for one slice
const [SHORTEST_PX, LONGEST_PX] = [2, 16]; // that a key moves the cursor
const HELD_MS = 150; // presses that follow sooner are a held key's

/** A mark under the pointer's hand, before it is let go. */
export interface Dragged {
  id: string;
  centre_mm?: Vector;
  diameter_mm?: number;
}

/** What the pointer does in the panes: the tool in hand, drags, clicks, what lies beneath. */
export class Pointer implements GestureHandler {
  readonly tool: Signal<Tool> = signal<Tool>("window");
  /** Whether the reader took the tool in hand; until then a finger leafs and a mouse windows. */
  readonly isChosen = signal(false);
  readonly probe = signal<{ pane: number; value: number } | null>(null);
  readonly dragged = signal<Dragged | null>(null);
  readonly cursor = signal<{ pane: number; place: ScreenPoint } | null>(null);
  /** Whether keys moved the cursor last: it is drawn then, as no mouse shows where it is. */
  readonly isByKeys = signal(false);
  readonly measuring: Measuring;
  readonly segmenting = new Segmenting();
  private held: Hold | null = null;
  private scrolled_px = 0;
  private readonly stride = new Stride();

  constructor(private readonly viewing: Viewing) {
    this.measuring = new Measuring((measure) => viewing.host.keepMeasure(measure));
  }

  choose(tool: Tool): void {
    this.tool.value = tool;
    this.isChosen.value = true;
    this.measuring.cancel();
    this.segmenting.finish();
    this.viewing.host.log("tool", { tool });
  }

  /** Put a mark where the cursor is, else in the middle of the active pane. */
  markAtCursor(): void {
    const active = this.viewing.active.value;
    // Whoever goes by keys means the pane that is active; a mouse means the one it is over.
    const { pane, place } = (this.isByKeys.value ? this.keyCursor : this.cursor.value) ?? {
      pane: active,
      place: this.viewing.seats.middleOf(active),
    };
    const shown = this.viewing.at(pane);
    if (!shown) return;
    this.viewing.activate(pane);
    this.viewing.host.putMark(pane, shown.toPatient(inside(place, this.viewing.seats.middleOf(pane))));
  }

  /** A measuring tool's next point, where keys have led the cursor. */
  measureAtCursor(): void {
    const cursor = this.keyCursor;
    const shown = cursor && this.viewing.at(cursor.pane);
    if (shown && isMeasureTool(this.tool.value)) this.measuring.place(this.tool.value, shown, cursor.place);
  }

  /** Lay the tool down: a mouse windows, a finger leafs, as at first. */
  layDown(): void {
    this.choose("window");
    this.isChosen.value = false;
  }

  /** The cursor where keys moved it to, in the active pane. */
  get keyCursor(): { pane: number; place: ScreenPoint } | null {
    if (!this.isByKeys.value) return null;
    const { value } = this.cursor;
    return value?.pane === this.viewing.active.value ? value : null;
  }

  /** Panes are laid out anew: where keys had led to is nowhere now. */
  forgetKeys(): void {
    this.measuring.cancel();
    if (!this.isByKeys.value) return;
    this.isByKeys.value = false;
    this.cursor.value = null;
  }

  /** Move the cursor by keys, faster while they are held; at a pane's edge the picture moves. */
  nudge(right: number, down: number): void {
    const pane = this.viewing.active.value;
    const middle = this.viewing.seats.middleOf(pane);
    const { value } = this.cursor;
    const [x, y] = value?.pane === pane ? inside(value.place, middle) : middle;
    const px = this.stride.next(`${right} ${down}`);
    const [to_x, to_y] = [x + right * px, y + down * px];
    const place = inside([to_x, to_y], middle);
    if (!this.isByKeys.value) this.viewing.host.log("tool", { cursor: "keys" });
    this.isByKeys.value = true;
    if (place[0] !== to_x || place[1] !== to_y) {
      this.viewing.pan(pane, place[0] - to_x, place[1] - to_y);
    }
    this.pointAt(pane, place);
  }

  /** The pointer has left the pictures. */
  leave(): void {
    if (this.isByKeys.value) return; // what opens under a mouse that rests sends it off
    this.cursor.value = null;
    this.probe.value = null;
  }

  begin(pane: number, place: ScreenPoint, means: Means): Pick<Drag, "kind" | "mark"> {
    this.byHand(pane, place);
    this.scrolled_px = 0;
    if (this.isBrush) return { kind: this.tool.value, mark: null };
    const spot = this.hit(pane, place, means, "drag");
    this.held = this.holdAt(pane, place, means);
    // A measurement that is selected lies, as a rule, across a mark: it is the one that is meant.
    const isOver = this.held?.measure.measure_id === this.selected("measure");
    // A finger that leafs begins anywhere: it takes hold of the selected mark only.
    const isMeant = means === "fine" || spot?.mark === this.selected("mark");
    if (spot && isMeant && !isOver) {
      this.held = null;
      return spot;
    }
    if (this.held) return { kind: "hold_measure", mark: null };
    return { kind: means === "finger" && !this.isChosen.value ? "scroll" : this.tool.value, mark: null };
  }

  /** A finger rests: a mark there, whatever the tool. */
  hold(pane: number, place: ScreenPoint): void {
    const shown = this.viewing.at(pane);
    const spot = this.hit(pane, place, "finger", "click");
    if (spot) this.viewing.host.selectMark(spot.mark, pane);
    else if (shown) this.viewing.host.putMark(pane, shown.toPatient(place));
  }

  abandon(): void {
    this.dragged.value = null;
    this.held = null;
    this.measuring.cancel();
    this.segmenting.finish();
  }

  wheel(pane: number, steps: number, place: ScreenPoint, isZoom: boolean): void {
    this.byHand(pane, place);
    if (isZoom) this.viewing.zoom(steps > 0 ? 1 / 1.1 : 1.1, place, pane);
    else this.viewing.scrollTo(pane, (this.viewing.at(pane)?.view().slice ?? 0) + steps);
  }

  pinch(pane: number, { factor, about, dx_px, dy_px }: Pinch): void {
    this.byHand(pane, about);
    this.viewing.zoom(factor, about, pane);
    this.viewing.pan(pane, dx_px, dy_px);
  }

  hover(pane: number, place: ScreenPoint): void {
    this.isByKeys.value = false;
    this.pointAt(pane, place);
  }

  /** A hand is at work: what is meant is where it is. */
  private byHand(pane: number, place: ScreenPoint): void {
    this.viewing.activate(pane);
    if (!this.isByKeys.value) return;
    this.isByKeys.value = false;
    this.cursor.value = { pane, place };
  }

  private pointAt(pane: number, place: ScreenPoint): void {
    this.cursor.value = { pane, place };
    const shown = this.viewing.at(pane);
    if (shown) this.measuring.hover(shown, place);
    if (!shown || !this.viewing.isCross.value) return;
    const point = shown.toPatient(place);
    this.viewing.cross_mm.value = this.viewing.comparison.toCurrent(shown.series, point);
    const value = shown.valueAt(point);
    this.probe.value = value === null ? null : { pane, value };
  }

  click(pane: number, place: ScreenPoint, means: Means): void {
    const shown = this.viewing.at(pane);
    if (shown && this.isBrush) {
      this.dab(shown, place, this.tool.value === "erase");
      this.keepDrawing();
      return;
    }
    if (shown && this.measuring.click(shown, place, this.tool.value)) return;
    if (this.pick(pane, place, means) || !shown) return;
    if (this.tool.value === "mark") this.viewing.host.putMark(pane, shown.toPatient(place));
    else if (this.viewing.isCross.value) this.viewing.jump(shown.toPatient(place), shown.series);
    else this.view(pane, place, means);
  }

  drag(drag: Drag): void {
    const pane = this.viewing.at(drag.pane);
    if (!pane) return;
    switch (drag.kind) {
      case "window":
      case "mark":
        this.dragWindow(pane, drag);
        break;
      case "zoom":
        this.viewing.zoom(ZOOM_PER_PX ** -drag.dy_px, drag.from, drag.pane);
        break;
      case "pan":
        this.viewing.pan(drag.pane, drag.dx_px, drag.dy_px);
        break;
      case "scroll":
        this.dragScroll(pane, drag);
        break;
      case "paint":
      case "erase":
        this.dab(pane, drag.at, drag.kind === "erase");
        break;
      case "hold_measure":
        if (this.held) this.measuring.hold(this.held, pane, drag.from, drag.at);
        break;
      case "move_mark":
        this.dragged.value = { id: drag.mark ?? "", centre_mm: pane.toPatient(drag.at) };
        break;
      case "size_mark":
        this.dragSize(pane, drag);
        break;
      default:
        this.measuring.draw(drag.kind, pane, drag.from, drag.at);
    }
  }

  drop(drag: Drag): void {
    const { value } = this.dragged;
    const { host } = this.viewing;
    this.dragged.value = null;
    const pane = this.viewing.at(drag.pane);
    if (drag.kind === "paint" || drag.kind === "erase") this.keepDrawing();
    if (drag.kind === "hold_measure" || isMeasureTool(drag.kind)) {
      this.measuring.release(drag.kind !== "hold_measure");
    }
    if (!pane || !value) return;
    if (value.centre_mm) host.moveMark(value.id, value.centre_mm, pane.series.id);
    if (value.diameter_mm) host.sizeMark(value.id, value.diameter_mm);
  }

  private get isBrush(): boolean {
    return this.tool.value === "paint" || this.tool.value === "erase";
  }

  /** One dab of the brush on the selected mark. */
  private dab(pane: Pane, at: ScreenPoint, isErasing: boolean): void {
    if (this.viewing.comparison.isPrior(pane.series)) {
      this.viewing.host.onPrior();
      return;
    }
    const mark = this.viewing.host.selectedMark();
    const drawing = mark && this.viewing.host.drawing();
    if (!drawing || drawing.dab(this.segmenting, { mark, pane, at, isErasing })) return;
    this.viewing.host.drawnElsewhere();
  }

  private keepDrawing(): void {
    const drawing = this.segmenting.finish();
    if (drawing) this.viewing.host.keepDrawing(drawing);
  }

  /** Select the mark or measurement that a click means, if there is one. */
  private pick(pane: number, place: ScreenPoint, means: Means): boolean {
    const { host } = this.viewing;
    const spot = this.hit(pane, place, means, "click");
    const hold = this.holdAt(pane, place, means);
    if (spot) host.selectMark(spot.mark, pane);
    else if (hold) host.selectMeasure(hold.measure.measure_id);
    return spot !== null || hold !== null;
  }

  /** Show what is told of the proposal that is pointed at. */
  private view(pane: number, place: ScreenPoint, means: Means): void {
    const boxes = this.viewing.overlays.boxesOf(pane);
    const proposal = proposalAt(boxes, place, means, this.selected("proposal"));
    if (proposal !== null) this.viewing.host.viewProposal(proposal);
  }

  private hit(pane: number, place: ScreenPoint, means: Means, by: "drag" | "click"): MarkSpot | null {
    return markAt(this.viewing.overlays.spotsOf(pane), place, means, this.selected("mark"), by);
  }

  private selected(kind: "mark" | "measure" | "proposal"): string | null {
    const shapes = this.viewing.host.shapes();
    return shapes.find((each) => each.kind === kind && each.isSelected)?.id ?? null;
  }

  private holdAt(pane: number, place: ScreenPoint, means: Means): Hold | null {
    const grips = this.viewing.overlays.gripsOf(pane);
    const grip = gripAt(grips, place, means, this.selected("measure"));
    const measure = grip && this.viewing.host.measure(grip.measure);
    return measure ? { measure, point: grip.point } : null;
  }

  private dragWindow(pane: Pane, drag: Drag): void {
    const [centre, width] = pane.view().window;
    const step = Math.max(width, 10) * WINDOW_PER_PX;
    pane.setWindow(centre + drag.dy_px * step, width + drag.dx_px * step * 2);
    this.viewing.log("window", drag.pane);
  }

  private dragScroll(pane: Pane, drag: Drag): void {
    this.scrolled_px += drag.dy_px;
    const steps = Math.trunc(this.scrolled_px / SCROLL_PX);
    if (steps === 0) return;
    this.scrolled_px -= steps * SCROLL_PX;
    this.viewing.scrollTo(drag.pane, pane.view().slice + steps);
  }

  private dragSize(pane: Pane, drag: Drag): void {
    const mark = this.viewing.host.shapes().find((shape) => shape.id === drag.mark);
    if (mark?.kind !== "mark") return;
    const radius_mm = distance(mark.centre_mm, pane.toPatient(drag.at));
    this.dragged.value = { id: mark.id, diameter_mm: Math.max(2 * radius_mm, 1) };
  }
}

/** How far a press of a key moves the cursor: a held key repeats, and goes ever faster. */
class Stride {
  private last_ms = -Infinity;
  private px = SHORTEST_PX;
  private way = "";

  next(way: string): number {
    const now_ms = performance.now();
    const isHeld = way === this.way && now_ms - this.last_ms < HELD_MS;
    this.px = isHeld ? Math.min(this.px + 1, LONGEST_PX) : SHORTEST_PX;
    [this.last_ms, this.way] = [now_ms, way];
    return this.px;
  }
}

/** The place in a pane of a middle that is nearest to a place. */
function inside([x, y]: ScreenPoint, [middle_x, middle_y]: ScreenPoint): ScreenPoint {
  return [Math.min(Math.max(x, 0), 2 * middle_x), Math.min(Math.max(y, 0), 2 * middle_y)];
}
