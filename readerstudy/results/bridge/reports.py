"""Frozen data to numbers, figures, reports and the peers' formats."""

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
import pandas as pd

from analysis import matching

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
TEXT_COLUMNS = (
    "reader", "modality", "arm", "case", "sequence", "site", "experience", "proposal", "drawn_on",
    "drawn", "series",
)  # fmt: skip


@dataclass(frozen=True)
class Lesion:
    """A lesion of the reference standard: number, centroid (LPS, mm), diameter (mm)."""

    number: int
    centroid_mm: tuple[float, float, float]
    diameter_mm: float


@dataclass(frozen=True)
class Localisation:
    """What a mark localises: a lesion's number, 0 (NL) or -1 (a duplicate that counts as neither).

    `distance_mm` is the distance to the nearest lesion's centroid, None in a case without lesions.
    """

    lesion: int
    distance_mm: float | None


@dataclass(frozen=True)
class Outcome:
    """An analysis: its numbers, and its figures and report as files."""

    numbers: dict[str, Any]
    files: dict[str, bytes]


def localise(
    points_mm: Sequence[tuple[float, ...]],
    ratings: Sequence[float],
    lesions: Sequence[Lesion],
    rule: Mapping[str, Any],
) -> list[Localisation]:
    """Match one read's marks (or one case's proposals) with the case's lesions."""
    if not points_mm:
        return []
    found = matching.match(
        np.asarray(points_mm, dtype=float).reshape(-1, 3),
        np.asarray(ratings, dtype=float),
        [matching.Lesion(str(each.number), each.centroid_mm, each.diameter_mm) for each in lesions],
        matching.MatchRule(**rule),
    )
    numbers = [_number(*pair) for pair in zip(found.labels, found.lesions_of_mark, strict=True)]
    return [Localisation(*pair) for pair in zip(numbers, found.nearest_mm, strict=True)]


def _number(label: str, hit: Sequence[str]) -> int:
    if label == "LL":
        return int(hit[0])
    return 0 if label == "NL" else -1


def frame(data: bytes) -> pd.DataFrame:
    """A frozen CSV as a table; names stay text, "1.10" is not 1.1."""
    text = dict.fromkeys(TEXT_COLUMNS, str)
    return pd.read_csv(io.BytesIO(data), dtype=text, keep_default_na=True)


def analyse(plan: Mapping[str, Any], files: Mapping[str, bytes]) -> Outcome:
    """Run the analysis plan on frozen files; equal input gives equal numbers, to the byte."""
    from analysis import report  # figures and models: loaded by the worker that needs them
    from analysis.figures import png, svg

    tables = {
        name: frame(files[f"{name}.csv"])
        for name in ("reads", "marks", "truth", "decisions", "allocation", "readers", "grids")
        if f"{name}.csv" in files  # data that an earlier release froze have no grids
    }
    # Localisations of the platform: -1 is a duplicate, which the statistics leave out.
    tables["marks"] = tables["marks"].query("lesion >= 0")
    tables["allocation"] = _first_reads(tables["allocation"])
    made = report.run(plan, control=_control(files), **tables)
    figures = {
        f"figures/{name}-{theme}.svg": svg(make(theme=theme))
        for name, make in made.figures.items()
        for theme in THEMES
    }
    figures |= {f"figures/{name}-light.png": png(make()) for name, make in made.figures.items()}
    numbers = {**made.numbers, **_repeats(plan, files), "figures": sorted(made.figures)}
    rows = {
        f"{name}.csv": table.to_csv(index=False, lineterminator="\n").encode()
        for name, table in made.tables.items()
    }
    return Outcome(numbers, figures | rows)


def _first_reads(allocation: pd.DataFrame) -> pd.DataFrame:
    """The rows without those of cases that are read again: the flow counts a case once an arm."""
    return allocation[allocation["period"] <= allocation["sequence"].str.len()]


def _repeats(plan: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    """How well readers agree with themselves, where the design has repeats (R13)."""
    if "repeat_reads.csv" not in files:
        return {}
    from analysis.agreement.within import lesions_found_again, within_readers

    (first, marks), (again, marks_again) = (
        (frame(files[f"{kind}reads.csv"]), frame(files[f"{kind}marks.csv"]))
        for kind in ("", "repeat_")
    )
    alpha, truth = plan["primary"]["alpha"], frame(files["truth.csv"])
    found = lesions_found_again((first, marks), (again, marks_again), truth, alpha=alpha)
    return {"repeats": within_readers(first, again, alpha=alpha) | {"lesions": found}}


def _control(files: Mapping[str, bytes]) -> str | None:
    """The key of the first control arm of the newest protocol."""
    versions = sorted(name for name in files if name.startswith("protocol-"))
    arms = json.loads(files[versions[-1]]).get("arms", []) if versions else []
    return next((arm["key"] for arm in arms if arm["mode"] == "control"), None)


def formats(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The frozen tables for other software: Parquet, iMRMC's input, RJafroc's workbook."""
    made = {}
    for name in sorted(files):
        if name.endswith(".csv") and len(files[name].splitlines()) > 1:
            out = io.BytesIO()
            frame(files[name]).to_parquet(out, index=False)
            made[f"{name.removesuffix('.csv')}.parquet"] = out.getvalue()
    return made | _peers(frame(files["reads.csv"]))


def _peers(reads: pd.DataFrame) -> dict[str, bytes]:
    """The reads as iMRMC and RJafroc take them; nothing where the data do not fit their layout."""
    from analysis.dataset import Dataset
    from analysis.io.files import write_reads
    from analysis.tables import DataError

    made = {}
    columns = ["reader", "modality", "case", "truth", "rating"]
    for name in ("reads.imrmc", "rjafroc.xlsx"):
        with TemporaryDirectory() as folder:
            try:
                write_reads(Dataset.from_table(reads[columns]), Path(folder) / name)
            except DataError:
                continue
            made[name] = _without_clock((Path(folder) / name).read_bytes())
    return made


def _without_clock(data: bytes) -> bytes:
    """A workbook without the time of writing, so that equal data are equal bytes."""
    if not data.startswith(b"PK"):
        return data
    out = io.BytesIO()
    with ZipFile(io.BytesIO(data)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for name in sorted(old.namelist()):
            written = re.sub(
                rb">[0-9T:-]{19}Z</dcterms", b">1980-01-01T00:00:00Z</dcterms", old.read(name)
            )
            new.writestr(ZipInfo(name, (1980, 1, 1, 0, 0, 0)), written, ZIP_DEFLATED)
    return out.getvalue()
