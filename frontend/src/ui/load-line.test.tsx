// @vitest-environment jsdom
import { render } from "preact";
import { expect, test, vi } from "vitest";

import type { Progress } from "../reading/loading";
import type { Room } from "../reading/room";
import { LoadLine } from "./pane";

const again = vi.fn();
const room = { loading: { again } } as unknown as Room;
const shown = (progress: Progress | undefined): HTMLElement => {
  const page = document.createElement("div");
  render(<LoadLine room={room} progress={progress} />, page);
  return page;
};
const line = (page: HTMLElement): Element | null => page.querySelector("[role=progressbar]");

test("r1: each pane's series loads visibly: how many slices of how many, until all are here", () => {
  expect(shown(undefined).innerHTML).toBe("");
  const half = shown({ loaded: 40, total: 160, hasFailed: false });
  expect(["now", "min", "max"].map((each) => line(half)?.getAttribute(`aria-value${each}`))).toEqual(["40", "0", "160"]);
  expect(line(half)?.firstElementChild?.getAttribute("style")).toContain("scaleX(0.25)");
  expect(line(half)?.classList.contains("is-done")).toBe(false);
  expect(line(shown({ loaded: 160, total: 160, hasFailed: false }))?.classList.contains("is-done")).toBe(true);
});

test("r1: a series that did not come says so and can be asked for again", () => {
  const page = shown({ loaded: 0, total: 160, hasFailed: true });
  expect(line(page)).toBeNull();
  expect(page.querySelector("[role=alert]")?.textContent).not.toBe("");
  page.querySelector("button")?.click();
  expect(again).toHaveBeenCalledOnce();
});
