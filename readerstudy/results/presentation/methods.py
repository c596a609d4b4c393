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
    """What is said of a part; of accuracy, what was done, which may be less than was asked for."""
    found = _said()[part]
    said = _accuracy(found, numbers) if part == "accuracy" else found
    return Method(
        words=tuple(said["words"]),
        formulas=tuple(said["formulas"]),
        sources=tuple(said["sources"]),
        version=str(numbers.get("version", "")),
    )


def _accuracy(said: Tree, numbers: Tree) -> dict[str, list[str]]:
    """Of an analysis that could not be made nothing is said but what was asked for."""
    done = {**numbers.get("plan", {}).get("primary", {}), **numbers.get("primary", {})}
    method, random = str(done.get("method")), str(done.get("random") or "readers+cases")
    method = method if method in said else "or"
    found = said[method]
    tests = found.get("nested", {}) if "nested" in str(done.get("design")) else found["test"]
    # Pseudo-values are the jackknife's; moments are no covariances.
    has_none = method == "dbm" or (method == "ustat" and random == "readers+cases")
    covariance = "" if has_none else _said()["covariance"].get(done.get("covariance"), "")
    words = [*found["words"], covariance, _said()["random"].get(random, "")]
    return {
        "words": [each for each in words if each],
        "formulas": [*found["formulas"], *([tests[random]] if random in tests else [])],
        "sources": found["sources"],
    }
