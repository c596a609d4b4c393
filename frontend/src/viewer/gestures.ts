import type { MeasureTool } from "../geometry/measures";
import type { ScreenPoint } from "./contract";

/** What the left button does. */
export type Tool = "window" | "mark" | "zoom" | "pan" | "scroll" | "paint" | "erase" | MeasureTool;

/** What a drag does, decided when it begins. */
export type DragKind = Tool | "move_mark" | "size_mark" | "hold_measure";

export interface Drag {
  kind: DragKind;
  pane: number;
  /** The mark that is moved or sized. */
  mark: string | null;
  from: ScreenPoint;
  at: ScreenPoint;
  /** Since the last call. */
  dx_px: number;
  dy_px: number;
}

/** What two fingers did since the last call. */
export interface Pinch {
  factor: number;
  about: ScreenPoint;
  dx_px: number;
  dy_px: number;
}

/** What points: a finger covers what it points at, a pen and a mouse do not. */
export type Means = "fine" | "finger";

export interface GestureHandler {
  /** What a drag that begins here does. */
  begin: (pane: number, place: ScreenPoint, means: Means) => { kind: DragKind; mark: string | null };
  drag: (drag: Drag) => void;
  drop: (drag: Drag) => void;
  /** What was begun is none: a second finger came, or the system took the pointer away. */
  abandon: () => void;
  /** Pressed and let go without a drag. */
  click: (pane: number, place: ScreenPoint, means: Means) => void;
  /** A finger that rested in one place and was lifted there. */
  hold: (pane: number, place: ScreenPoint) => void;
  /** Two fingers: enlarge about a place, and move. */
  pinch: (pane: number, pinch: Pinch) => void;
  wheel: (pane: number, steps: number, place: ScreenPoint, isZoom: boolean) => void;
  hover: (pane: number, place: ScreenPoint) => void;
}

const DRAG_PX = 3;
const FINGER_DRAG_PX = 8; // a fingertip rolls as it rests
const HOLD_MS = 550;
const HOLD_MOST_MS = 2500; // what rests longer is a hand
const PALM_PX = 80; // of a contact's longer side: a thumb's is less
const PEN_MS = 1000; // so long after a pen was seen, a touch is the hand that holds it
const PEN_HOLD_MS = 10_000; // and so long one that rests is: the palm lands before the pen is near
const WHEEL_STEP = 40; // of deltaY; a notch of a mouse wheel is 100 to 120
const PIXELS_A_LINE = 40;
const RIGHT = 2;
const MIDDLE = 1;
const ERASER = 5; // the other end of a pen (Pointer Events 3, 4.1.1.3)

/** Turns the pointer's events on one pane into gestures: mouse, pen and touch alike. */
export function watchGestures(host: HTMLElement, pane: number, handler: GestureHandler): () => void {
  const watcher = new Watcher(host, pane, handler);
  const stop = new AbortController();
  const { signal } = stop;
  host.addEventListener("pointerdown", watcher.down, { signal });
  host.addEventListener("pointermove", watcher.move, { signal });
  host.addEventListener("pointerup", watcher.up, { signal });
  host.addEventListener("pointercancel", watcher.cancel, { signal });
  // A pen is seen wherever it is, and before the pane hears of it: its hand may rest in another pane.
  for (const each of ["pointerdown", "pointermove", "pointerup", "pointercancel"] as const) {
    host.ownerDocument.addEventListener(each, watcher.watchPen, { signal, capture: true });
  }
  host.addEventListener("wheel", watcher.wheel, { signal, passive: false });
  host.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
  return () => {
    stop.abort();
    watcher.stop();
  };
}

class Watcher {
  private drag: Drag | null = null;
  /** Which pointer drags, and of what kind it is. */
  private dragging: { id: number; type: string } | null = null;
  private isMoving = false;
  /** A finger has rested long enough: lifted now, it means the place beneath. */
  private isResting = false;
  private holding: ReturnType<typeof setTimeout> | undefined;
  private turned = 0;
  private isPenDown = false;
  private penSeen_ms = -Infinity;
  private readonly fingers = new Map<number, ScreenPoint>();

  constructor(
    private readonly host: HTMLElement,
    private readonly pane: number,
    private readonly handler: GestureHandler,
  ) {}

  /** A pen is near: what its hand began beside it is none. */
  readonly watchPen = (event: PointerEvent): void => {
    if (event.pointerType !== "pen") return;
    this.isPenDown = event.buttons !== 0;
    this.penSeen_ms = performance.now();
    this.fingers.clear();
    if (this.dragging?.type === "touch") this.abandon();
  };

  readonly down = (event: PointerEvent): void => {
    const at = this.placeOf(event);
    const isFinger = event.pointerType === "touch";
    if (isFinger && this.hasPen(PEN_MS)) return; // the hand that rests beside the pen
    if (isFinger) this.fingers.set(event.pointerId, at);
    if (this.fingers.size > 1) this.abandon(); // a second finger makes it a pinch
    if (this.drag || this.fingers.size > 1) return;
    const begun = this.begun(event, at);
    this.drag = { ...begun, pane: this.pane, from: at, at, dx_px: 0, dy_px: 0 };
    this.dragging = { id: event.pointerId, type: event.pointerType };
    this.isMoving = false;
    this.host.setPointerCapture(event.pointerId);
    if (isFinger && !this.hasPen(PEN_HOLD_MS)) this.awaitRest(event);
  };

  readonly move = (event: PointerEvent): void => {
    const at = this.placeOf(event);
    if (event.pointerType === "touch" && !this.fingers.has(event.pointerId)) return; // beside a pen
    if (this.fingers.size > 1) {
      this.pinch(event.pointerId, at);
      return;
    }
    if (this.fingers.has(event.pointerId)) this.fingers.set(event.pointerId, at);
    if (!this.drag) {
      this.handler.hover(this.pane, at);
      return;
    }
    if (event.pointerId !== this.dragging?.id) return;
    const [x, y] = this.drag.from;
    const least = event.pointerType === "touch" ? FINGER_DRAG_PX : DRAG_PX;
    this.isMoving ||= Math.hypot(at[0] - x, at[1] - y) > least;
    if (!this.isMoving) return;
    this.rest(false);
    const [dx_px, dy_px] = [at[0] - this.drag.at[0], at[1] - this.drag.at[1]];
    this.drag = { ...this.drag, at, dx_px, dy_px };
    this.handler.drag(this.drag);
  };

  readonly up = (event: PointerEvent): void => {
    this.fingers.delete(event.pointerId);
    const drag = this.drag;
    if (!drag || event.pointerId !== this.dragging?.id) return;
    const { isResting } = this;
    this.forget();
    if (isResting) {
      this.handler.abandon();
      this.handler.hold(this.pane, drag.from);
    } else if (this.isMoving) this.handler.drop({ ...drag, dx_px: 0, dy_px: 0 });
    else if (event.button === 0) this.handler.click(this.pane, drag.at, meansOf(event));
  };

  readonly cancel = (event: PointerEvent): void => {
    this.fingers.delete(event.pointerId);
    if (event.pointerId === this.dragging?.id) this.abandon();
  };

  readonly wheel = (event: WheelEvent): void => {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? PIXELS_A_LINE : 1;
    const delta = event.deltaY * lines;
    if (Math.sign(delta) !== Math.sign(this.turned)) this.turned = 0;
    this.turned += delta;
    const isNotch = Math.abs(delta) >= 2 * WHEEL_STEP;
    const steps = isNotch ? Math.sign(delta) : Math.trunc(this.turned / WHEEL_STEP);
    if (steps === 0) return;
    this.turned = 0;
    this.handler.wheel(this.pane, steps, this.placeOf(event), event.ctrlKey);
  };

  /** The pane is gone. */
  stop(): void {
    this.forget();
    this.fingers.clear();
  }

  /** Whether a pen is on the glass or was seen lately. */
  private hasPen(lately_ms: number): boolean {
    return this.isPenDown || performance.now() - this.penSeen_ms < lately_ms;
  }

  private begun(event: PointerEvent, at: ScreenPoint): Pick<Drag, "kind" | "mark"> {
    if (event.button === MIDDLE) return { kind: "pan", mark: null };
    if (event.button === RIGHT) return { kind: "zoom", mark: null };
    const begun = this.handler.begin(this.pane, at, meansOf(event));
    return event.button === ERASER ? { kind: "erase", mark: null } : begun;
  }

  /**
   * See whether a finger rests. What it rests on is meant once it is lifted, not before: a palm may
   * lie there for a second until its pen comes, and it lies long, or on much of the glass.
   */
  private awaitRest({ width, height }: PointerEvent): void {
    const isPalm = Math.max(width, height) > PALM_PX;
    this.holding = setTimeout(() => {
      if (isPalm) {
        this.abandon();
        return;
      }
      this.rest(true);
      this.holding = setTimeout(() => this.abandon(), HOLD_MOST_MS - HOLD_MS);
    }, HOLD_MS);
  }

  private rest(isResting: boolean): void {
    clearTimeout(this.holding);
    this.isResting = isResting;
    this.host.classList.toggle("is-held", isResting);
  }

  private abandon(): void {
    if (this.drag) this.handler.abandon();
    this.forget();
  }

  private forget(): void {
    this.rest(false);
    this.drag = null;
    this.dragging = null;
  }

  private pinch(finger: number, at: ScreenPoint): void {
    const before = this.fingers.get(finger);
    const [other] = [...this.fingers].filter(([id]) => id !== finger).map(([, place]) => place);
    if (!before || !other) return;
    this.fingers.set(finger, at);
    const apart = ([x, y]: ScreenPoint): number => Math.hypot(x - other[0], y - other[1]);
    const factor = apart(before) > 0 ? apart(at) / apart(before) : 1;
    const about: ScreenPoint = [(at[0] + other[0]) / 2, (at[1] + other[1]) / 2];
    const [dx_px, dy_px] = [(at[0] - before[0]) / 2, (at[1] - before[1]) / 2];
    this.handler.pinch(this.pane, { factor, about, dx_px, dy_px });
  }

  private placeOf(event: MouseEvent): ScreenPoint {
    const box = this.host.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }
}

function meansOf(event: PointerEvent): Means {
  return event.pointerType === "touch" ? "finger" : "fine";
}
