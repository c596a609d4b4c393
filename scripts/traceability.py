"""Write which test holds which requirement into docs/traceability.md.

A test holds a requirement when its name begins with it (`test_c5_...`), or its docstring does
("R3, R4: ..."). A name that repeats one of the test's fault marks means the fault, not the
requirement: see scripts/fault_table.py.

Usage: python -m scripts.traceability
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from scripts.fault_table import rows

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "traceability.md"
LINES = {"C": 11, "R": 13, "S": 12, "A": 6}
HEAD = (
    "# Traceability\n\nWhich test holds which requirement of the [roadmap](../ROADMAP.md). Made by"
    " `python -m scripts.traceability`; faults are in [reliability.md](reliability.md).\n\n"
    "| requirement | held by |\n|---|---|\n"
)


def held() -> dict[str, list[str]]:
    """Requirement -> "file::test" of every test that holds it."""
    found: dict[str, list[str]] = {
        f"{letter}{number}": [] for letter, last in LINES.items() for number in range(1, last + 1)
    }
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        of_file = _named(ast.get_docstring(tree) or "")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                name = f"{path.relative_to(ROOT / 'tests')}::{node.name}"
                for each in dict.fromkeys((*of_file, *_of(node))):
                    if each in found:
                        found[each].append(name)
    return found


def _of(node: ast.FunctionDef) -> Iterator[str]:
    faults = set(rows(node.decorator_list))
    name = re.match(r"test_([a-z]\d+)_", node.name)
    if name and name[1].upper() not in faults:
        yield name[1].upper()
    yield from _named(ast.get_docstring(node) or "")


def _named(words: str) -> list[str]:
    """The requirements that a docstring begins with."""
    head = re.match(r"((?:[CRSA]\d+(?:, )?)+): ", words)
    return head[1].split(", ") if head else []


def page() -> str:
    """The whole page."""
    lines = [
        f"| {each} | {'<br>'.join(f'`{name}`' for name in names) or '(none yet)'} |"
        for each, names in held().items()
    ]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
