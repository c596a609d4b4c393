// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { OpenCase } from "./case";
import type { Ports } from "./ports";
import type { Presence } from "./presence";
import { Room } from "./room";
import { watchPage } from "./watch";

const told: [string, unknown?][] = [];
const presence = { input: vi.fn(), pointerMoved: vi.fn(), tick: vi.fn() };
const handler = {
  record: (kind: string, payload?: unknown) => void told.push(payload === undefined ? [kind] : [kind, payload]),
  presence: vi.fn<() => Presence | null>(),
  settle: vi.fn(),
  leaving: vi.fn(),
  restored: vi.fn(),
  online: vi.fn(),
};
let stop: () => void;

function see(state: DocumentVisibilityState): void {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}

/** As a browser does: what comes to the window itself has it as its target. */
function ofWindow(kind: string): void {
  window.dispatchEvent(Object.defineProperty(new FocusEvent(kind), "target", { value: window }));
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  handler.presence.mockReturnValue(presence as unknown as Presence);
  told.length = 0;
  stop = watchPage(handler);
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

describe("r8: what tells reading from not reading becomes events", () => {
  test("a page that is hidden and shown again, each once; hidden, it sends what it can", () => {
    see("hidden");
    expect([told, handler.leaving.mock.calls.length]).toEqual([[["hidden"]], 1]);
    see("visible");
    expect([told, handler.leaving.mock.calls.length]).toEqual([[["hidden"], ["visible"]], 1]);
  });

  test("a window that loses the keys and has them again; what moves them within it is nothing", () => {
    ofWindow("blur");
    ofWindow("focus");
    expect(told).toEqual([["blur"], ["focus"]]);
    const field = document.body.appendChild(document.createElement("input"));
    field.focus();
    field.blur();
    expect(told).toHaveLength(2);
    field.remove();
  });

  test.each(["pointerdown", "wheel", "keydown"])("%s is a sign that somebody reads", (kind) => {
    document.body.dispatchEvent(new Event(kind, { bubbles: true }));
    expect(presence.input).toHaveBeenCalledTimes(1);
    expect(told).toEqual([]);
  });

  test("also where a dialog keeps it to itself; a pointer that moves is a sign of its own", () => {
    const dialog = document.body.appendChild(document.createElement("div"));
    for (const kind of ["keydown", "pointermove"]) {
      dialog.addEventListener(kind, (event) => event.stopPropagation());
      dialog.dispatchEvent(new Event(kind, { bubbles: true }));
    }
    dialog.remove();
    expect([presence.input.mock.calls.length, presence.pointerMoved.mock.calls.length]).toEqual([1, 1]);
  });

  test("time goes by in seconds, and on a break nobody is asked", () => {
    vi.advanceTimersByTime(3_000);
    expect(presence.tick).toHaveBeenCalledTimes(3);
    handler.presence.mockReturnValue(null);
    vi.advanceTimersByTime(3_000);
    document.body.dispatchEvent(new Event("keydown", { bubbles: true }));
    document.body.dispatchEvent(new Event("pointermove", { bubbles: true }));
    expect([presence.tick.mock.calls.length, presence.input.mock.calls.length]).toEqual([3, 0]);
  });

  test("a page that goes sends first; one that comes back out of the cache is loaded anew; a line is tried", () => {
    window.dispatchEvent(new Event("pagehide"));
    expect(handler.leaving).toHaveBeenCalledTimes(1);
    const shown = (persisted: boolean): Event => Object.assign(new Event("pageshow"), { persisted });
    window.dispatchEvent(shown(false));
    expect(handler.restored).not.toHaveBeenCalled();
    window.dispatchEvent(shown(true));
    window.dispatchEvent(new Event("online"));
    expect([handler.restored, handler.online].map((each) => each.mock.calls.length)).toEqual([1, 1]);
  });

  test("once it is stopped, nothing is told", () => {
    stop();
    see("hidden");
    ofWindow("blur");
    document.body.dispatchEvent(new Event("keydown", { bubbles: true }));
    vi.advanceTimersByTime(5_000);
    expect([told, presence.input.mock.calls.length, presence.tick.mock.calls.length]).toEqual([[], 0, 0]);
  });
});

describe("r8: in the room", () => {
  test("they are events of the case that is open, and what is open of a burst is sent before the page goes", async () => {
    stop();
    const never = new Promise(() => undefined);
    const ports = {
      api: { me: () => never },
      lifeline: { tab: "tab", hold: () => undefined },
      openOutbox: () => never,
      rendererName: () => never,
    } as unknown as Ports;
    const room = new Room("study", ports);
    void room.start();
    await Promise.resolve();
    see("hidden"); // no case is open: it is nobody's
    const record = vi.fn<(kind: string) => void>();
    const lastWords = vi.spyOn(room.outgoing, "sendLastWords").mockImplementation(() => record("last words"));
    vi.spyOn(room.outgoing, "tryNow").mockImplementation(() => record("tried"));
    const open = { record, settle: () => undefined, isReadOnly: { value: true }, unrated: { value: undefined } };
    room.state.openCase.value = open as unknown as OpenCase;
    room.bursts.add("scroll", { pane: 0, slice: 3 });
    see("hidden");
    see("visible");
    ofWindow("blur");
    ofWindow("focus");
    window.dispatchEvent(new Event("online"));
    expect(record.mock.calls.map(([kind]) => kind)).toEqual(
      ["scroll", "hidden", "last words", "visible", "blur", "focus", "tried"],
    );
    expect(lastWords).toHaveBeenCalledTimes(1);
  });
});
