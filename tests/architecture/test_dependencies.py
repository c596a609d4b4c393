"""Each package that we chose has its line in docs/dependencies.md; no line is of one that left."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (?!package|---)([^|]+) \|", re.MULTILINE)


def chosen() -> set[str]:
    """The names that requirements*.in and package.json ask for."""
    names = set()
    for path in ROOT.glob("requirements*.in"):
        lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
        names |= {re.split(r"[\[<>=!~;]", line)[0] for line in lines if line and line[0] != "-"}
    package = json.loads((ROOT / "frontend/package.json").read_text())
    names |= {*package["dependencies"], *package["devDependencies"]}
    return {each.lower() for each in names}


def described() -> set[str]:
    """The names in the first column, without versions and what stands in brackets."""
    text = (ROOT / "docs/dependencies.md").read_text()
    cells = [re.sub(r"\([^)]*\)", "", cell) for cell in ROW.findall(text)]
    return {name.split()[0].lower() for cell in cells for name in cell.split(",") if name.strip()}


def test_every_package_has_its_line() -> None:
    assert chosen() - described() == set()


def test_no_line_is_left_of_a_package_that_is_gone() -> None:
    extras = {"boto3", "redis"}  # django-storages[s3], celery[redis]
    assert described() - chosen() - extras == set()
