// @vitest-environment jsdom
import { beforeEach, expect, test, vi } from "vitest";

import { goToPlace } from "./places";

const PAGE = `
  <header class="bar"><a href="/" id="home">Home</a><button id="tool">Tool</button></header>
  <main data-panes>
    <div class="pane" tabindex="-1" id="pane-0"></div>
    <div class="pane is-active" tabindex="-1" id="pane-1"></div>
  </main>
  <aside class="panel"><button disabled>Off</button><button id="mark">Mark</button></aside>
  <footer class="foot"><input id="answer"></footer>`;

beforeEach(() => {
  document.body.innerHTML = PAGE;
  // jsdom draws nothing: what a test hides has this attribute.
  HTMLElement.prototype.checkVisibility = vi.fn(function (this: HTMLElement) {
    return this.closest("[hidden]") === null;
  });
});

const reached = (step: 1 | -1, times: number): string[] =>
  Array.from({ length: times }, () => {
    goToPlace(step);
    return document.activeElement?.id ?? "";
  });

test("r12: a key leads out of the pictures, once round the room and back to the active pane", () => {
  expect(reached(1, 5)).toEqual(["mark", "answer", "home", "pane-1", "mark"]);
});

test("r12: and the other way round, also out of a field", () => {
  document.getElementById("answer")?.focus();
  expect(reached(-1, 4)).toEqual(["mark", "pane-1", "home", "answer"]);
});

test("r12: what is hidden, or has nothing to operate, is passed over", () => {
  document.querySelector(".panel")?.setAttribute("hidden", "");
  document.querySelector(".foot")?.replaceChildren();
  expect(reached(1, 2)).toEqual(["home", "pane-1"]);
});
