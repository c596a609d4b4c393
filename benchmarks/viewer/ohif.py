"""OHIF's published build as a reader opens a study in it, by Cornerstone's own events."""

from dataclasses import dataclass

from playwright.sync_api import Browser

from benchmarks.viewer.reading import CODE, PATIENCE_MS, SIZE

# OHIF hangs Cornerstone on the window: count its images as they are decoded.
WATCH = """
window.__images = new Set();
window.__seen = {};
let cornerstone;
Object.defineProperty(window, 'cornerstone', {
  configurable: true, get: () => cornerstone,
  set(value) {
    cornerstone = value;
    value.eventTarget.addEventListener('CORNERSTONE_IMAGE_LOADED', (event) => {
      window.__images.add(event.detail.image.imageId);
      window.__seen.last = performance.now();
    });
  },
});
document.addEventListener('CORNERSTONE_IMAGE_RENDERED', () => {
  if (window.__images.size > 0) window.__seen.first ??= performance.now();
}, true);
"""
SEEN = "() => ({ ...window.__seen, count: window.__images.size })"


@dataclass(frozen=True)
class Opened:
    """Milliseconds from the page's start; code as it was sent, kB."""

    first: float
    decoded: float
    code_kb: float


def opened(browser: Browser, base: str, study_uid: str, images: int) -> Opened:
    """A cold visit: the first picture, and every image of the study decoded."""
    context = browser.new_context(base_url=base, viewport=SIZE)
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(f"/viewer?StudyInstanceUIDs={study_uid}")
    for _ in range(PATIENCE_MS // 50):
        seen = page.evaluate(SEEN)
        if seen["count"] >= images and "first" in seen:
            code = page.evaluate(CODE, seen["first"])
            context.close()
            return Opened(seen["first"], seen["last"], code)
        page.wait_for_timeout(50)
    raise SystemExit(f"OHIF showed {seen} of {images} images")
