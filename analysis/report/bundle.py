"""An exported bundle: check it, recompute its numbers, say what differs."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.report import Report, run
from analysis.tables import DataError

TEXT = (
    "reader",
    "modality",
    "arm",
    "case",
    "sequence",
    "site",
    "experience",
    "scanner",
    "proposal",
    "drawn_on",
    "drawn",
    "series",
)
TABLES = ("reads", "marks", "truth", "decisions", "allocation", "readers", "grids")
SUMS, NUMBERS, PLAN = "SHA256SUMS", "results/numbers.json", "data/plan.json"


def read_bundle(path: Path) -> dict[str, bytes]:
    """Every file of a bundle, checked against its SHA256SUMS.

    Raises
    ------
    DataError
        For a file that is no bundle, or was altered since it was exported.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        raise DataError(f"{path.name} is no ZIP archive: {error}") from error
    if PLAN not in files or "data/reads.csv" not in files:
        raise DataError(f"{path.name} is no bundle: it has no {PLAN} or no data/reads.csv")
    altered = sorted(
        name
        for name, expected in _sums(files)
        if hashlib.sha256(files.get(name, b"")).hexdigest() != expected
    )
    if altered:
        raise DataError(f"{path.name} was altered since it was exported: {', '.join(altered)}")
    return files


def recompute(files: Mapping[str, bytes]) -> Report:
    """Carry out a bundle's plan on its tables, as the platform did."""
    tables = {
        name: table_of(files[f"data/{name}.csv"]) for name in TABLES if f"data/{name}.csv" in files
    }
    if "marks" in tables:  # -1 marks a duplicate that counts as neither LL nor NL
        tables["marks"] = tables["marks"].query("lesion >= 0")
    return run(json.loads(files[PLAN]), control=control_of(files), **tables)


def table_of(data: bytes) -> pd.DataFrame:
    """A CSV of the bundle as a table; names stay text, so that "1.10" is not 1.1."""
    return pd.read_csv(io.BytesIO(data), dtype=dict.fromkeys(TEXT, str), keep_default_na=True)


def control_of(files: Mapping[str, bytes]) -> str | None:
    """The key of the first control arm of the newest protocol."""
    versions = {
        int(name.removeprefix("data/protocol-").removesuffix(".json")): name
        for name in files
        if name.startswith("data/protocol-") and name.endswith(".json")
    }
    arms = json.loads(files[versions[max(versions)]]).get("arms", []) if versions else []
    return next((arm["key"] for arm in arms if arm.get("mode") == "control"), None)


def expected_numbers(files: Mapping[str, bytes]) -> dict[str, Any] | None:
    """The numbers that the platform put into the bundle, if any."""
    found: dict[str, Any] | None = json.loads(files[NUMBERS]) if NUMBERS in files else None
    return found


def differences(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    """Where two trees of numbers differ: a line a place, with both values."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys()):
            where = f"{path}.{key}" if path else str(key)
            if key not in expected or key not in found:
                yield f"{where}: only in the {'bundle' if key in expected else 'recomputation'}"
            else:
                yield from differences(expected[key], found[key], where)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for place, (a, b) in enumerate(zip(expected, found, strict=True)):
            yield from differences(a, b, f"{path}[{place}]")
    elif expected != found:
        yield f"{path}: {expected!r} in the bundle, {found!r} recomputed"


def _sums(files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    for line in files.get(SUMS, b"").decode().splitlines():
        expected, _, name = line.partition("  ")
        yield name, expected
