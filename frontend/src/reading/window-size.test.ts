// @vitest-environment jsdom
import { signal } from "@preact/signals";
import { expect, test, vi } from "vitest";

import type { Room } from "./room";
import { watchWindow } from "./window-size";

test("r11: a window that becomes too small is said and told once, and so is one that is no more", () => {
  const state = { isWindowSmall: signal(false) };
  const record = vi.fn();
  const resize = (width: number, height: number): void => {
    Object.assign(globalThis, { innerWidth: width, innerHeight: height, devicePixelRatio: 1 });
    dispatchEvent(new Event("resize"));
  };
  resize(1280, 800);
  watchWindow({ state, record } as unknown as Room);
  resize(1200, 700);
  expect(record).not.toHaveBeenCalled();
  resize(1000, 700);
  resize(990, 700);
  expect(state.isWindowSmall.value).toBe(true);
  resize(1280, 640);
  expect(state.isWindowSmall.value).toBe(false);
  expect(record.mock.calls).toEqual([
    ["window_sized", { is_small: true, width_px: 1000, height_px: 700 }],
    ["window_sized", { is_small: false, width_px: 1280, height_px: 640 }],
  ]);
});
