"""axe-core in a page of the platform: what breaks WCAG 2.2 A and AA, or axe's best practice."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from playwright.sync_api import Page

from scripts.launcher.setup import ROOT

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


_RUN = """async (rules) => {
  const hold = (event) => event.preventDefault();
  const renewals = ["htmx:beforeRequest", "htmx:beforeSwap"];
  renewals.forEach((each) => document.addEventListener(each, hold));
  try {
    return await axe.run(document, { runOnly: { type: "tag", values: rules } });
  } finally {
    renewals.forEach((each) => document.removeEventListener(each, hold));
  }
}"""


@cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


def problems(page: Page) -> list[str]:
    """What axe finds, as "rule: element". It is evaluated, not loaded: the CSP stays as it is.

    Parts of a page that renew themselves wait meanwhile: axe would look at what is no more there.
    """
    page.evaluate(_axe())
    found: dict[str, Any] = page.evaluate(_RUN, RULES)
    return list(_lines(found["violations"]))


def _lines(violations: list[dict[str, Any]]) -> Iterator[str]:
    for each in violations:
        for node in each["nodes"]:
            yield f"{each['id']} ({each['impact']}): {node['target']} {node['html'][:160]}"
