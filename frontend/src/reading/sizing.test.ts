// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from "vitest";

import { watchGestures } from "../viewer/gestures";
import { draw, type Spot } from "../viewer/overlay";
import { PlainPane } from "../viewer/plain-pane";
import type { MarkShape } from "../viewer/scene";
import { Pointer } from "./pointer";
import type { Viewing } from "./viewing";

/** A mark of 20 mm in the middle of a pane of four pixels a millimetre: its edge is 40 pixels out. */
const pane = new PlainPane({ id: "t1c", px_per_mm: 4, centre: [7, 8, 9] });
const mark = (): MarkShape => ({
  kind: "mark", id: "m", centre_mm: [7, 8, 9], diameter_mm: 20, contours_mm: [], label: "1",
  isSelected: true, isUnrated: false,
});
const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
const host = { shapes: () => [mark()], moveMark: vi.fn(), sizeMark: vi.fn(), selectMark: vi.fn(), log: vi.fn() };
const spots = (): readonly Spot[] => draw(svg, pane, host.shapes(), []).spots;
let setWindow: MockInstance;
let element: HTMLElement;
let pointer: Pointer;
let stop: () => void;

beforeEach(() => {
  vi.clearAllMocks();
  setWindow = vi.spyOn(pane, "setWindow");
  element = document.body.appendChild(document.createElement("div"));
  element.setPointerCapture = () => undefined;
  pointer = new Pointer({
    host,
    at: () => pane,
    activate: () => undefined,
    log: () => undefined,
    isCross: { value: false },
    comparison: { isPrior: () => false },
    overlays: { spotsOf: spots, gripsOf: () => [], boxesOf: () => [] },
  } as unknown as Viewing);
  stop = watchGestures(element, 0, pointer);
});
afterEach(() => {
  stop();
  element.remove();
});

function point(type: string, [x, y]: readonly [number, number], pointerType = "mouse"): void {
  const event = new MouseEvent(type, { clientX: x, clientY: y, bubbles: true });
  element.dispatchEvent(Object.assign(event, { pointerType, pointerId: 1 }));
}
function drag(from: readonly [number, number], to: readonly [number, number], pointerType = "mouse"): void {
  point("pointerdown", from, pointerType);
  point("pointermove", to, pointerType);
}

describe("r3: a mark's edge", () => {
  test("is dragged to another size: twice as far as the pointer from its middle, in millimetres", () => {
    drag([240, 200], [280, 200]);
    expect(pointer.dragged.value).toEqual({ id: "m", diameter_mm: expect.closeTo(40, 6) as unknown });
    point("pointerup", [280, 200]);
    expect(host.sizeMark.mock.calls).toEqual([["m", expect.closeTo(40, 6)]]);
    expect(host.moveMark).not.toHaveBeenCalled();
    expect(pointer.dragged.value).toBeNull();
    expect(setWindow).not.toHaveBeenCalled();
  });

  test("in any direction, also inwards, and never to nothing", () => {
    drag([200, 160], [200, 188]);
    point("pointerup", [200, 188]);
    expect(host.sizeMark).toHaveBeenLastCalledWith("m", expect.closeTo(6, 6));
    drag([172, 172], [200, 200]);
    point("pointerup", [200, 200]);
    expect(host.sizeMark).toHaveBeenLastCalledWith("m", 1);
  });

  test("is as wide as the pointer comes near: inside the mark is moved, outside the picture is windowed", () => {
    for (const [x, of] of [[236, "size"], [244, "size"], [230, "move"], [252, "window"]] as const) {
      vi.clearAllMocks();
      drag([x, 200], [x + 20, 200]);
      point("pointerup", [x + 20, 200]);
      expect([host.sizeMark, host.moveMark, setWindow].map((each) => each.mock.calls.length)).toEqual(
        ["size", "move", "window"].map((each) => Number(each === of)),
      );
    }
  });

  test("is taken hold of by a finger too, from further away", () => {
    drag([252, 200], [260, 220], "touch");
    point("pointerup", [260, 220], "touch");
    expect(host.sizeMark).toHaveBeenCalledWith("m", expect.closeTo(2 * Math.hypot(15, 5), 6));
  });

  test("is where the plane that shows cuts the mark, and its size is still the mark's own", () => {
    pane.goToPoint([0, 0, 9 + 8]); // 10, 8, 6: a circle of 24 pixels
    drag([224, 200], [232, 200]);
    point("pointerup", [232, 200]);
    pane.goToPoint([0, 0, 9]);
    expect(host.sizeMark).toHaveBeenCalledWith("m", expect.closeTo(2 * Math.hypot(8, 8), 6));
  });

  test("let go without a drag it is a click, and a drag that is taken away changes nothing", () => {
    point("pointerdown", [240, 200]);
    point("pointerup", [240, 200]);
    expect(host.selectMark).toHaveBeenCalledWith("m", 0);
    drag([240, 200], [280, 200]);
    point("pointercancel", [280, 200]);
    expect([host.sizeMark.mock.calls.length, pointer.dragged.value]).toEqual([0, null]);
  });
});
