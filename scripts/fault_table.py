"""Write which test holds which row of the fault list into docs/reliability.md.

Usage: python -m scripts.fault_table
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- made by scripts/fault_table.py -->", "<!-- end -->"


def rows(decorators: list[ast.expr]) -> Iterator[str]:
    """The fault rows that a test is marked with."""
    for each in decorators:
        if isinstance(each, ast.Call) and ast.unparse(each.func) == "pytest.mark.fault":
            for argument in each.args:
                yield str(ast.literal_eval(argument))


def of_module(tree: ast.Module) -> list[ast.expr]:
    """The marks that all tests of a file have, by its `pytestmark`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            return node.value.elts if isinstance(node.value, ast.List) else [node.value]
    return []


def held() -> dict[str, list[str]]:
    """Fault row -> "file::test" of every test that is marked with it."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        shared = of_module(tree)
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                own = shared if node.name.startswith("test_") else []
                for row in rows([*own, *node.decorator_list]):
                    name = f"{path.relative_to(ROOT / 'tests')}::{node.name}"
                    found.setdefault(row, []).append(name)
    return found


def table() -> str:
    """The table, one line a row of the fault list."""
    rows = sorted(held().items(), key=lambda each: (each[0][0], int(each[0][1:])))
    lines = ["| row | held by |", "|---|---|"]
    lines += [f"| {row} | {'<br>'.join(f'`{name}`' for name in names)} |" for row, names in rows]
    return "\n".join(lines)


def main() -> None:
    """Write the table between its two lines."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n{table()}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
