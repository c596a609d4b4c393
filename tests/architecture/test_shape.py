"""The shape of the tree: lengths, layers' side effects, traceable words."""

import ast
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts import fault_table, traceability

ROOT = Path(__file__).resolve().parents[2]
OURS = ("analysis", "inference", "readerstudy", "scripts", "tests", "benchmarks", "frontend/src")
MAX_LINES, MAX_FUNCTION = 400, 60


def _sources(*suffixes: str) -> list[Path]:
    return [
        path
        for folder in OURS
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in suffixes
        and not {"migrations", "node_modules"} & set(path.parts)
        and path.name != "schema.d.ts"  # generated from openapi.json
    ]


def test_no_file_is_over_400_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in _sources(".py", ".ts", ".tsx", ".scss", ".css")
        if (lines := len(path.read_text().splitlines())) > MAX_LINES
    }
    assert not long


def test_no_function_is_over_60_lines() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.name}": node.end_lineno - node.lineno + 1
        for path in _sources(".py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.end_lineno is not None
        and _code_lines(node) > MAX_FUNCTION
    }
    assert not long


def _code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the function without its docstring, which may be as long as it needs."""
    total = (node.end_lineno or 0) - node.lineno + 1
    first = node.body[0]
    is_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return total - ((first.end_lineno or 0) - first.lineno + 1 if is_doc else 0)


def test_no_page_has_styles_of_its_own() -> None:
    """The content security policy forbids them: what an attacker writes into a page is no style."""
    pages = sorted((ROOT / "readerstudy").rglob("*.html"))
    assert len(pages) > 50
    assert not [str(each) for each in pages if re.search(r"\sstyle=|<style", each.read_text())]


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "misc"])
def test_no_module_is_a_drawer(name: str) -> None:
    assert not [path for path in _sources(".py", ".ts") if path.stem == name]


# Seconds of every start: of a server, a worker, a command. Loaded where they are used.
SLOW = (
    "torch", "monai", "pandas", "plotly", "scipy.stats", "scipy.spatial", "scipy.optimize",
    "scipy.ndimage", "skimage", "highdicom", "nibabel", "pynetdicom", "openvino",
    "jsonschema.validators",
)  # fmt: skip


def test_the_web_process_starts_without_what_is_slow_to_load() -> None:
    load = (
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'readerstudy.settings';"
        "import django; django.setup();"
        "from django.urls import get_resolver; get_resolver().url_patterns;"
        "import readerstudy.urls;"
    )
    assert _loaded_by(load, SLOW) == ""


def _loaded_by(code: str, names: Sequence[str]) -> str:
    """Which of these modules a fresh process has loaded after it ran the code."""
    code += f"import sys; print(*(name for name in {tuple(names)!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_readers_feedback_waits_for_no_tables_and_figures() -> None:
    """They take a second to load: the first training case to be signed would be held up."""
    slow = ("pandas", "pyarrow", "matplotlib", "scipy.stats", "statsmodels")
    code = (
        "from readerstudy.truth import bridge;"
        "bridge.hits([((0, 0, 0), 1.0)], {1: ((0, 0, 1), 5.0)}, {});"
    )
    assert _loaded_by(code, slow) == ""


def test_the_layers_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(linter)], check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_tables_of_what_holds_what_are_not_out_of_date() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert fault_table.table() in page, "run `python -m scripts.fault_table`"
    assert traceability.PAGE.read_text(encoding="utf-8") == traceability.page(), (
        "run `python -m scripts.traceability`"
    )
