// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { watchGestures } from "./gestures";

const host = document.createElement("div");
host.setPointerCapture = () => undefined;
document.body.append(host);
const handler = {
  begin: vi.fn((_pane: number, _place: unknown, means: string) => ({
    kind: means === "finger" ? ("scroll" as const) : ("window" as const),
    mark: null,
  })),
  drag: vi.fn(),
  drop: vi.fn(),
  abandon: vi.fn(),
  click: vi.fn(),
  hold: vi.fn(),
  pinch: vi.fn(),
  wheel: vi.fn(),
  hover: vi.fn(),
};
let stop = (): void => undefined;

const point = (type: string, pointerType: string, pointerId: number, x: number, y: number, button = 0, on: Element = host): void => {
  const buttons = pointerType === "pen" && type === "pointerdown" ? 1 : 0;
  const event = new MouseEvent(type, { clientX: x, clientY: y, button, buttons, bubbles: true });
  on.dispatchEvent(Object.assign(event, { pointerType, pointerId }));
};
const finger = (type: string, id: number, x: number, y: number): void => point(type, "touch", id, x, y);

beforeEach(() => {
  vi.useFakeTimers();
  stop = watchGestures(host, 2, handler);
});
afterEach(() => {
  stop();
  vi.useRealTimers();
  Object.values(handler).forEach((each) => each.mockClear());
});

describe("r12: touch", () => {
  test("one finger drags, past the roll of a fingertip; a tap is a click", () => {
    finger("pointerdown", 1, 50, 50);
    finger("pointermove", 1, 54, 54);
    finger("pointerup", 1, 54, 54);
    expect(handler.click).toHaveBeenCalledWith(2, [50, 50], "finger");
    finger("pointerdown", 1, 50, 50);
    finger("pointermove", 1, 50, 80);
    expect(handler.drag).toHaveBeenCalledWith(expect.objectContaining({ kind: "scroll", dy_px: 30 }));
    finger("pointerup", 1, 50, 80);
    expect(handler.drop).toHaveBeenCalledTimes(1);
  });

  test("two fingers enlarge about their middle and move; what the first began is abandoned", () => {
    finger("pointerdown", 1, 100, 100);
    finger("pointermove", 1, 100, 120);
    finger("pointerdown", 2, 200, 120);
    expect(handler.abandon).toHaveBeenCalledTimes(1);
    finger("pointermove", 2, 300, 120);
    expect(handler.pinch).toHaveBeenCalledWith(2, { factor: 2, about: [200, 120], dx_px: 50, dy_px: 0 });
    finger("pointerup", 2, 300, 120);
    finger("pointermove", 1, 100, 190);
    finger("pointerup", 1, 100, 190);
    expect([handler.drag.mock.calls.length, handler.drop.mock.calls.length]).toEqual([1, 0]);
  });

  test("a finger that rests means the place beneath, once; one that moves does not", () => {
    finger("pointerdown", 1, 50, 50);
    vi.advanceTimersByTime(600);
    expect([host.className, handler.hold.mock.calls.length]).toEqual(["is-held", 0]);
    finger("pointerup", 1, 50, 50);
    expect(handler.hold).toHaveBeenCalledWith(2, [50, 50]);
    expect(host.className).toBe("");
    expect(handler.click).not.toHaveBeenCalled();
    finger("pointerdown", 1, 50, 50);
    vi.advanceTimersByTime(600);
    finger("pointermove", 1, 50, 70);
    finger("pointerup", 1, 50, 70);
    expect([handler.hold.mock.calls.length, handler.drop.mock.calls.length]).toEqual([1, 1]);
  });

  test("a touch that the system takes away leaves nothing half done", () => {
    finger("pointerdown", 1, 50, 50);
    finger("pointermove", 1, 50, 90);
    finger("pointercancel", 1, 50, 90);
    expect([handler.abandon.mock.calls.length, handler.drop.mock.calls.length]).toEqual([1, 0]);
  });
});

describe("r12: pen", () => {
  test("it points as a mouse does, and the hand beside it does nothing", () => {
    point("pointerdown", "pen", 7, 20, 20);
    expect(handler.begin).toHaveBeenCalledWith(2, [20, 20], "fine");
    finger("pointerdown", 1, 90, 150);
    finger("pointerdown", 2, 140, 160);
    point("pointermove", "pen", 7, 30, 20);
    finger("pointerup", 1, 90, 150);
    point("pointermove", "pen", 7, 40, 20);
    point("pointerup", "pen", 7, 40, 20);
    expect(handler.drag).toHaveBeenCalledTimes(2);
    expect(handler.drop).toHaveBeenCalledTimes(1);
    expect([handler.pinch, handler.abandon, handler.hold].map((each) => each.mock.calls.length)).toEqual([0, 0, 0]);
  });

  test("a palm that lands before it loses no stroke and leaves no mark", () => {
    finger("pointerdown", 1, 90, 150);
    finger("pointermove", 1, 90, 170); // it rolls, and leafs
    vi.advanceTimersByTime(300);
    point("pointerdown", "pen", 7, 20, 20);
    expect(handler.abandon).toHaveBeenCalledTimes(1);
    finger("pointermove", 1, 90, 190);
    point("pointermove", "pen", 7, 40, 20);
    point("pointerup", "pen", 7, 40, 20);
    vi.advanceTimersByTime(600);
    finger("pointermove", 1, 90, 150);
    finger("pointerup", 1, 90, 150);
    expect(handler.drop).toHaveBeenCalledTimes(1);
    expect(handler.drop).toHaveBeenCalledWith(expect.objectContaining({ kind: "window", at: [40, 20] }));
    expect([handler.hold, handler.click, handler.hover].map((each) => each.mock.calls.length)).toEqual([0, 0, 0]);
  });

  test("a palm of two touches is no pinch once the pen is there", () => {
    finger("pointerdown", 1, 90, 150);
    finger("pointerdown", 2, 140, 160);
    point("pointerdown", "pen", 7, 20, 20);
    finger("pointermove", 2, 150, 160);
    point("pointermove", "pen", 7, 40, 20);
    expect([handler.pinch, handler.drag].map((each) => each.mock.calls.length)).toEqual([0, 1]);
  });

  test("a palm that rests while the pen comes near, here or elsewhere, leaves no mark", () => {
    for (const on of [host, document.body]) {
      finger("pointerdown", 1, 90, 150);
      vi.advanceTimersByTime(400);
      point("pointermove", "pen", 7, 33, 44, 0, on);
      vi.advanceTimersByTime(600);
      finger("pointerup", 1, 90, 150);
      vi.advanceTimersByTime(20_000);
    }
    expect([handler.begin, handler.abandon].map((each) => each.mock.calls.length)).toEqual([2, 2]);
    expect([handler.hold, handler.click].map((each) => each.mock.calls.length)).toEqual([0, 0]);
  });

  test("after it touches do nothing for a second, and leave no mark for ten", () => {
    point("pointermove", "pen", 7, 33, 44);
    finger("pointerdown", 1, 50, 50);
    finger("pointerup", 1, 50, 50);
    expect([handler.begin, handler.click].map((each) => each.mock.calls.length)).toEqual([0, 0]);
    vi.advanceTimersByTime(1100);
    finger("pointerdown", 1, 50, 50);
    vi.advanceTimersByTime(600);
    finger("pointermove", 1, 50, 80);
    finger("pointerup", 1, 50, 80);
    expect([handler.hold, handler.drop].map((each) => each.mock.calls.length)).toEqual([0, 1]);
    vi.advanceTimersByTime(10_000);
    finger("pointerdown", 1, 50, 50);
    vi.advanceTimersByTime(600);
    finger("pointerup", 1, 50, 50);
    expect(handler.hold).toHaveBeenCalledTimes(1);
  });

  test("a palm that has rested before any pen came leaves no mark: the pen, its size or its time tell it", () => {
    finger("pointerdown", 1, 90, 150);
    vi.advanceTimersByTime(700);
    point("pointermove", "pen", 7, 33, 44);
    finger("pointerup", 1, 90, 150);
    vi.advanceTimersByTime(20_000);
    finger("pointerdown", 1, 90, 150);
    vi.advanceTimersByTime(3000);
    finger("pointerup", 1, 90, 150);
    const palm = Object.assign(new MouseEvent("pointerdown", { clientX: 90, clientY: 150, bubbles: true }), {
      pointerType: "touch", pointerId: 1, width: 110, height: 60,
    });
    host.dispatchEvent(palm);
    vi.advanceTimersByTime(700);
    finger("pointerup", 1, 90, 150);
    expect([handler.hold, handler.click].map((each) => each.mock.calls.length)).toEqual([0, 0]);
  });

  test("while it rests on the glass the hand does nothing, however long", () => {
    point("pointerdown", "pen", 7, 20, 20, 0, document.body);
    vi.advanceTimersByTime(20_000);
    finger("pointerdown", 1, 50, 50);
    expect(handler.begin).not.toHaveBeenCalled();
  });

  test("its other end erases", () => {
    point("pointerdown", "pen", 7, 20, 20, 5);
    point("pointermove", "pen", 7, 40, 20);
    expect(handler.drag).toHaveBeenCalledWith(expect.objectContaining({ kind: "erase" }));
  });

  test("it hovers", () => {
    point("pointermove", "pen", 7, 33, 44);
    expect(handler.hover).toHaveBeenCalledWith(2, [33, 44]);
  });
});
