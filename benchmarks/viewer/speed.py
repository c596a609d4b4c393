"""The reading room in a real browser, beside the raw fetch of the same bytes in the same page.

    python -m benchmarks.viewer.speed ADDRESS [--times 3]

ADDRESS is a reading room that opens without a sign-in: that of `node dev/mock.mjs` in `frontend`
(`http://127.0.0.1:8300/reading/ai/`), which serves the built frontend and packs as the platform
does. Each time is a fresh browser context: cold caches. Numbers: docs/performance-viewer.md.
"""

import argparse
import gzip
import os
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from scripts.launcher.tools import find_chromium

FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
]
PATIENCE_MS = 240_000
# When the first pane has a picture and when the case is ready, by the page's own signs.
WATCH = """
const seen = (window.__seen = {});
new MutationObserver(() => {
  const pane = document.querySelector('[data-testid=pane-0]');
  if (pane?.dataset.slice) seen.first ??= performance.now();
  if (document.documentElement.dataset.ready === 'true') seen.all ??= performance.now();
  const check = document.querySelector('[data-testid=display-seen]');
  if (check) { check.click(); seen.check = true; seen.opened ??= performance.now(); }
}).observe(document, { subtree: true, childList: true, attributes: true });
"""
SEEN = "() => window.__seen"
CODE = """() => performance.getEntriesByType('resource')
  .filter((each) => /\\.(js|css)$/.test(each.name) && each.startTime < window.__seen.first)
  .map((each) => each.name)"""
RAW = """async () => {
  const packs = performance.getEntriesByType('resource').map((each) => each.name)
    .filter((name) => name.includes('/pack')) // the next case's packs come after this one's
    .slice(0, document.querySelectorAll('[data-testid^=series-]').length);
  const begun = performance.now();
  const sizes = await Promise.all(packs.map(async (address) => {
    const answer = await fetch(address, { cache: 'no-store' });
    return (await answer.arrayBuffer()).byteLength;
  }));
  return { ms: performance.now() - begun, bytes: sizes.reduce((a, b) => a + b, 0) };
}"""
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


def _until(page: Page, sign: str) -> dict[str, Any]:
    """Wait for a sign of `WATCH`; the content security policy forbids `wait_for_function`."""
    for _ in range(PATIENCE_MS // 50):
        seen: dict[str, Any] = page.evaluate(SEEN)
        if sign in seen:
            return seen
        page.wait_for_timeout(50)
    raise SystemExit(f"waited in vain for {sign}")


def _packed_kb(page: Page, addresses: list[str]) -> float:
    """What files weigh compressed by gzip."""
    return sum(len(gzip.compress(page.request.get(each).body(), 9)) for each in addresses) / 1000


def measure(browser: Browser, address: str) -> dict[str, float]:
    """One cold visit: seconds from opening, the raw fetch, steps a second."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.add_init_script(WATCH)
    page.goto(address)
    _until(page, "first")
    seen = _until(page, "all")
    begun = seen.get("opened", 0)
    raw = page.evaluate(RAW)
    with_proposals = page.evaluate(SCROLL, 60)
    page.evaluate(HIDE.format(kind="keydown"))
    without = page.evaluate(SCROLL, 60)
    page.evaluate(HIDE.format(kind="keyup"))
    found = {
        "first_s": (seen["first"] - begun) / 1000,
        "all_s": (seen["all"] - begun) / 1000,
        "raw_s": raw["ms"] / 1000,
        "raw_mb": raw["bytes"] / 1e6,
        "steps_with": with_proposals,
        "steps_without": without,
        "code_kb": _packed_kb(page, page.evaluate(CODE)),
    }
    page.context.close()
    return found


def main() -> None:
    """Measure, and print the medians and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--times", type=int, default=3)
    chosen = parser.parse_args()
    with sync_playwright() as driver:
        path = os.environ.get("CHROMIUM") or find_chromium()
        with driver.chromium.launch(executable_path=path, args=FLAGS) as browser:
            rows = [measure(browser, chosen.address) for _ in range(chosen.times)]
    for name in rows[0]:
        values = sorted(row[name] for row in rows)
        print(f"{name:14} {median(values):9.2f}   ({values[0]:.2f} to {values[-1]:.2f})")
    ratio = median(row["all_s"] / row["raw_s"] for row in rows)
    scroll = median(row["steps_with"] / row["steps_without"] for row in rows)
    print(f"all slices ready / raw fetch of the same bytes: {ratio:.2f}")
    print(f"steps with proposals / with what is drawn hidden: {scroll:.2f}")


if __name__ == "__main__":
    main()
