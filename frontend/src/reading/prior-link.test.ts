// @vitest-environment jsdom
import { afterEach, expect, test } from "vitest";

import { keepLink, keptLink } from "./prior-link";

afterEach(() => localStorage.clear());

test("the link of a prior outlives a reload, in its own read only, until it is taken away", () => {
  keepLink("read-1", [4, 0, -10]);
  expect([keptLink("read-1"), keptLink("read-2")]).toEqual([[4, 0, -10], null]);
  keepLink("read-1", null);
  expect(keptLink("read-1")).toBeNull();
});

test("what is not a shift is none", () => {
  for (const shift_mm of [[1, 2], [1, 2, "3"], "x", null]) {
    localStorage.setItem("readerstudy.prior-link", JSON.stringify({ read: "r", shift_mm }));
    expect(keptLink("r")).toBeNull();
  }
  localStorage.setItem("readerstudy.prior-link", "{");
  expect(keptLink("r")).toBeNull();
});
