"""`{% entry "desk" %}`: the script and style tags of one entry of the built frontend.

`{% flow %}`: marks a page that takes the place of another one in the same document.
"""

import json
from functools import lru_cache
from hashlib import sha256
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()
MANIFEST = ".vite/manifest.json"
# Fetched with the page, while the room asks who reads (R1): Cornerstone; other parts when needed.
AHEAD = {"src/viewer/stage.ts"}
SOURCES = {"desk": "src/entries/desk.ts", "reading": "src/entries/reading.tsx"}


@lru_cache(maxsize=1)
def _manifest() -> dict[str, Any]:
    """Vite's manifest; empty when the frontend is not built (unit tests)."""
    path = finders.find(MANIFEST)
    if not isinstance(path, str):
        return {}
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 -- what the finder gives
        found: dict[str, Any] = json.load(file)
    return found


@register.simple_tag
def entry(name: str) -> SafeString:
    """The tags of an entry; in every arm the same, for the page is the same."""
    chunk = _manifest().get(SOURCES[name])
    if chunk is None:
        return SafeString("")
    imports = _imports(chunk)
    styles = {css: None for each in (*imports, chunk) for css in each.get("css", [])}
    return format_html(
        "{}{}{}",
        format_html_join(
            "\n", '<link rel="stylesheet" href="{}">', ((static(each),) for each in styles)
        ),
        format_html_join(
            "\n",
            '<link rel="modulepreload" href="{}">',
            ((static(each["file"]),) for each in imports),
        ),
        format_html('<script type="module" src="{}"></script>', static(chunk["file"])),
    )


@register.simple_tag
def flow(ahead: str = "") -> SafeString:
    """Mark a page of the reader's flow (`frontend/src/flow`): its folder, and its build.

    What the entry `ahead` needs is fetched meanwhile, after all that the page itself needs; it is
    the same in every arm.
    """
    root = reverse("reads:home")
    chunk = _manifest().get(SOURCES.get(ahead, ""))
    return format_html(
        '<meta name="flow" content="{}" data-build="{}">{}',
        root,
        _build(),
        format_html_join(
            "\n",
            '<link rel="modulepreload" fetchpriority="low" href="{}">',
            ((static(each["file"]),) for each in (*_imports(chunk), chunk)) if chunk else (),
        ),
    )


def _imports(chunk: dict[str, Any]) -> list[dict[str, Any]]:
    """What an entry loads at once, or while its page asks who reads."""
    later = (each for each in chunk.get("dynamicImports", []) if each in AHEAD)
    names = (*chunk.get("imports", []), *later)
    return [_manifest()[each] for each in names]


@lru_cache(maxsize=1)
def _build() -> str:
    """Another one for other files: a page of one build does not run in a document of another."""
    files = sorted(each["file"] for each in _manifest().values())
    return sha256(" ".join(files).encode()).hexdigest()[:12]
