"""How each part of the report was computed: method, formula, where it was published, version."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from readerstudy.results.presentation.cells import Tree


@dataclass(frozen=True)
class Method:
    """What stands under "How was this computed"."""

    words: tuple[str, ...]
    formulas: tuple[str, ...]
    sources: tuple[str, ...]
    version: str


@cache
def _said() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("methods.toml").read_text(encoding="utf-8"))


def of(part: str, numbers: Tree) -> Method:
    """What is said of a part; of accuracy, what the plan asked for."""
    found, plan = _said()[part], numbers.get("plan", {}).get("primary", {})
    words: list[str] = []
    if part == "accuracy":
        name = numbers.get("primary", {}).get("method") or plan.get("method") or "or"
        found = found[name]
        if name != "ustat":
            words.append(_said()["covariance"][plan.get("covariance") or "jackknife"])
        words.append(_said()["random"][plan.get("random") or "readers+cases"])
    return Method(
        words=(*found["words"], *words),
        formulas=tuple(found["formulas"]),
        sources=tuple(found["sources"]),
        version=str(numbers.get("version", "")),
    )
