"""The reading room as a benchmark's reader goes through it, and the times that its page tells."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, Request, ViewportSize

from tests.e2e import room

PATIENCE_MS = 240_000
SIZE: ViewportSize = {"width": 1280, "height": 800}
SERIES = 4
PASSWORD = "seven grey geese 7"  # of the tests' cast, whose module needs Django
# What the page shows, and when: an entry for each case that is opened.
WATCH = """
const cases = (window.__cases = []);
const done = { phase: '', read: '' };
let early = {}; // the first case's packs may be asked for before the case is
const look = () => {
  const now = performance.now();
  const { phase, ready, readId } = document.documentElement.dataset;
  const pane = document.querySelector('[data-testid=pane-0]');
  if (phase === 'opening' && done.phase !== 'opening') {
    cases.push({ opening: now, ...early });
    early = {};
  }
  done.phase = phase;
  const here = cases.at(-1);
  if (!here) return;
  if (readId && readId !== done.read) { done.read = readId; here.packet = now; }
  if (here.packet === undefined || phase !== 'reading') return;
  if (pane && !pane.dataset.slice) here.empty = true;
  if (here.empty && pane?.dataset.slice) here.first ??= now;
  const lines = document.querySelectorAll('.load-line');
  if (lines.length >= 4 && [...lines].every((each) => each.classList.contains('is-done')))
    here.decoded ??= now;
  if (ready === 'true') here.ready ??= now;
  for (const tell of waiting) tell();
};
// Whoever waits is told: to be asked over and over takes a part of the cores that are measured.
const waiting = new Set();
window.__whole = (number, patience) => new Promise((resolve) => {
  const tell = () => {
    const { ready, first, decoded } = cases[number - 1] ?? {};
    if (!ready || !first || !decoded) return;
    waiting.delete(tell);
    resolve(cases[number - 1]);
  };
  waiting.add(tell);
  setTimeout(resolve, patience, null);
  tell();
});
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (asked, ...more) {
  if (asked?.kind === 'fetch') (cases.at(-1) ?? early).asked ??= performance.now();
  return post.call(this, asked, ...more);
};
new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true,
  attributeFilter: ['data-phase', 'data-ready', 'data-read-id', 'data-slice', 'class'] });
"""
CHECKED = """localStorage.setItem(
  `readerstudy.display.%s.${screen.width}x${screen.height}`, new Date().toDateString());"""
RAW = """async (packs) => {
  const begun = performance.now();
  const sizes = await Promise.all(packs.map(async (address) => {
    const answer = await fetch(address, { cache: 'no-store' });
    return (await answer.arrayBuffer()).byteLength;
  }));
  return { ms: performance.now() - begun, bytes: sizes.reduce((a, b) => a + b, 0) };
}"""
CODE = """(first) => performance.getEntriesByType('resource')
  .filter((each) => /\\.(js|css|wasm)(\\?|$)/.test(each.name) && each.startTime < first)
  .reduce((sum, each) => sum + each.encodedBodySize, 0) / 1000"""
CODEC = re.compile(r"/(jpegls|charls)[^/]*\.(js|wasm)$")
SCROLL = """async (steps) => {
  const pane = document.querySelector('[data-testid=pane-0]');
  const begun = performance.now();
  for (let step = 0; step < steps; step += 1) {
    const before = pane.dataset.slice;
    const key = step % 40 < 20 ? 'ArrowDown' : 'ArrowUp';
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    while (pane.dataset.slice === before) await new Promise(requestAnimationFrame);
  }
  return (1000 * steps) / (performance.now() - begun);
}"""
HIDE = "document.body.dispatchEvent(new KeyboardEvent('{kind}', {{ key: 'h', bubbles: true }}))"
BOXES = """() => [...document.querySelectorAll('[data-testid^=pane-]')].map((each) => {
  const { left, top, width, height } = each.getBoundingClientRect();
  return { left, top, width, height };
})"""


@dataclass
class Sitting:
    """A page with the room in it, and what it asked the server for."""

    page: Page
    packs: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    codec_kb: float = 0.0  # what the worker loaded to decode, as sent; the page does not see it
    opened: Any = None

    def cases(self) -> list[dict[str, float]]:
        """Times of each case that was opened, milliseconds from the page's start."""
        found: list[dict[str, float]] = self.page.evaluate("() => window.__cases ?? []")
        return found

    def ready(self, number: int = 1) -> dict[str, float]:
        """The times of the so-many-th case, once it is whole."""
        told: dict[str, float] | None = self.page.evaluate(
            "([number, patience]) => window.__whole(number, patience)", [number, PATIENCE_MS]
        )
        if told is None:
            raise SystemExit(f"waited in vain for case {number}: {self.cases()}")
        return told

    def prefetched(self, packs: int) -> None:
        """Wait until so many packs have been fetched."""
        for _ in range(PATIENCE_MS // 50):
            if len(self.fetched) >= packs:
                return
            self.page.wait_for_timeout(50)
        raise SystemExit(f"{len(self.fetched)} of {packs} packs were fetched")

    def packet(self) -> dict[str, Any]:
        """What the server told of the first case."""
        told: dict[str, Any] = self.opened.value.json()
        return told

    def raw(self, times: int = 3) -> dict[str, float]:
        """The case's packs as raw ones, all at once, and nothing done with them: the median."""
        packs = [f"{each.partition('?')[0]}?encoding=raw" for each in self.packs[:SERIES]]
        found = [self.page.evaluate(RAW, packs) for _ in range(times)]
        return {"ms": median(each["ms"] for each in found), "bytes": found[0]["bytes"]}

    def scrolled(self, steps: int) -> dict[str, float]:
        """Steps a second with what is drawn over the pictures, and with it hidden; twice each."""
        with_proposals, without = [], []
        for _ in range(2):
            with_proposals.append(self.page.evaluate(SCROLL, steps))
            self.page.evaluate(HIDE.format(kind="keydown"))
            without.append(self.page.evaluate(SCROLL, steps))
            self.page.evaluate(HIDE.format(kind="keyup"))
        return {"with": median(with_proposals), "without": median(without)}

    def sign(self) -> None:
        """Say that there is nothing, answer, sign; past the feedback of a training case."""
        self.page.keyboard.press("o")
        room.answer(self.page, "1")
        room.saved(self.page)
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+Enter")
        self.page.get_by_test_id("submit-password").fill(PASSWORD)
        self.page.get_by_test_id("sign").click()
        go_on = self.page.get_by_test_id("next-case")
        room.until(
            self.page,
            lambda: go_on.count() > 0 or self.page.get_by_test_id("sign").count() == 0,
            "the signature",
        )
        if go_on.count():
            go_on.click()


@contextmanager
def sitting(browser: Browser, base: str, study: str, reader: dict[str, str]) -> Iterator[Sitting]:
    """Open the room as a reader, cold: signed in, the display looked at today, nothing cached."""
    context = browser.new_context(base_url=base, viewport=SIZE)
    context.add_cookies([{"name": "session", "value": reader["session"], "url": base}])
    page = context.new_page()
    page.add_init_script(CHECKED % reader["id"] + WATCH)
    here = Sitting(page)

    def asked(request: Request) -> None:
        if "/pack" in request.url:
            here.packs.append(request.url)

    def done(request: Request) -> None:
        if "/pack" in request.url:
            here.fetched.append(request.url)
        elif CODEC.search(request.url):
            here.codec_kb += request.sizes()["responseBodySize"] / 1000

    page.on("request", asked)
    page.on("requestfinished", done)
    with page.expect_response(lambda each: each.url.endswith("/reads"), timeout=60_000) as opened:
        page.goto(f"/reading/{study}/")
    here.opened = opened
    yield here
    context.close()
