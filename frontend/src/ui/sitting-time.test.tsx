// @vitest-environment jsdom
import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { createState, type Phase, type State } from "../reading/state";
import type { Room } from "../reading/room";
import { Bar } from "./bar";
import { Screen } from "./screens";

const NOON = new Date(2026, 2, 2, 12, 0).getTime();
const MINUTE_MS = 60_000;
const retry = vi.fn(() => Promise.resolve());
let host: HTMLElement;
let state: State;
let room: Room;

beforeEach(() => {
  vi.useFakeTimers({ now: NOON });
  retry.mockClear();
  state = createState();
  const packet = { read: { number: 3, of: 12, is_training: false } };
  state.openCase.value = { packet, isReadOnly: signal(false) } as unknown as State["openCase"]["value"];
  room = { state, home: "/reading/", retry } as unknown as Room;
  host = document.body.appendChild(document.createElement("div"));
});
afterEach(() => {
  void act(() => render(null, host));
  host.remove();
  vi.useRealTimers();
});

const words = (id: string): string | undefined => host.querySelector(`[data-testid=${id}]`)?.textContent;
function bar(elapsed_min: number, limit_min: number): void {
  state.began_ms.value = NOON - elapsed_min * MINUTE_MS;
  state.sittingLimit_min.value = limit_min;
  void act(() => render(<Bar room={room} viewing={null} />, host));
}
const pass = (minutes: number): void => void act(() => void vi.advanceTimersByTime(minutes * MINUTE_MS));

describe("r10: the time of the sitting is on the bar", () => {
  test("in whole minutes since it began, also before this page, and it goes on by itself", () => {
    bar(12.9, 0);
    expect(words("session-time")).toBe("12 min");
    pass(2);
    expect(words("session-time")).toBe("14 min");
    expect(words("where")).toContain("Case 3 of 12");
  });

  test("with the protocol's limit, and a rest that is due once it is reached", () => {
    bar(28, 30);
    expect([words("session-time"), words("rest-due")]).toEqual(["28 of 30 min", undefined]);
    pass(2);
    expect([words("session-time"), words("rest-due")]).toEqual(["30 of 30 min", "Rest after this case"]);
    expect(host.querySelector("[data-testid=rest-due]")?.getAttribute("role")).toBe("status");
  });

  test("without a limit a break is suggested after 45 minutes", () => {
    bar(44, 0);
    expect(words("rest-due")).toBeUndefined();
    pass(1);
    expect(words("rest-due")).toBe("Time for a break");
    expect(host.querySelector("[data-testid=rest-due]")?.getAttribute("title")).toContain("45 minutes");
  });

  test("begins anew with the sitting that follows a rest", () => {
    bar(31, 30);
    void act(() => void (state.began_ms.value = NOON));
    expect([words("session-time"), words("rest-due")]).toEqual(["0 of 30 min", undefined]);
  });
});

describe("r10: the rest after it", () => {
  const phase: Phase = { name: "resting", words: "You have read for 30 minutes.", opensAt: new Date(NOON + 10 * MINUTE_MS).toISOString() };
  const buttons = (): HTMLButtonElement[] => [...host.querySelectorAll("button")];

  test("says why and until when, with no way past it; then the next case can be opened", () => {
    void act(() => render(<Screen room={room} phase={phase} />, host));
    expect(words("resting")).toContain("You have read for 30 minutes.");
    expect(words("resting")).toMatch(/The next case opens at 12:10/);
    expect(buttons()).toEqual([]);
    pass(9.9);
    expect(buttons()).toEqual([]);
    pass(0.2);
    expect(words("resting")).toContain("You have rested since");
    expect(buttons().map((each) => each.textContent)).toEqual(["Open the next case"]);
    buttons()[0]?.click();
    expect(retry).toHaveBeenCalledTimes(1);
  });

  test("that is over already when the page opens is no rest", () => {
    vi.setSystemTime(NOON + 11 * MINUTE_MS);
    void act(() => render(<Screen room={room} phase={phase} />, host));
    expect(buttons()).toHaveLength(1);
  });
});
