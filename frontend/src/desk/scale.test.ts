// @vitest-environment jsdom
import { expect, test } from "vitest";

import { hideUnanswered } from "./scale";

test.each(["input", "pointerdown"])("a scale is answered by %s, and no other with it", (kind) => {
  document.body.innerHTML = `<input class="is-unanswered" type="range"><input class="is-unanswered">`;
  hideUnanswered();
  const [scale, other] = document.querySelectorAll("input");
  scale?.dispatchEvent(new Event(kind, { bubbles: true }));
  expect([scale?.className, other?.className]).toEqual(["", "is-unanswered"]);
});
