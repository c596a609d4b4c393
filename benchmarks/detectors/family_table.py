"""The families' page (docs/detector-families.md), made of the runs file that `families` writes."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inference.detectors import families
from inference.training import records
from inference.training.summary import summary

HERE = Path(__file__).parent
RUNS = HERE / "families.jsonl"
PAGE = HERE.parents[1] / "docs" / "detector-families.md"
PHANTOMS = {
    "none": "in distribution",
    "low-field": "another scanner: 0.55 T",
    "slices-3mm": "T1c slices of 3 mm",
    "half-dose": "half the contrast dose",
}
NONE = "\N{EN DASH}"
# Head of a column -> where its figure stands in the summary.
COLUMNS = {
    "sensitivity": ("sensitivity", "all"),
    "< 3 mm": ("sensitivity", "0-3 mm"),
    "3-5 mm": ("sensitivity", "3-5 mm"),
    "5-10 mm": ("sensitivity", "5-10 mm"),
    "> 10 mm": ("sensitivity", ">=10 mm"),
    "FP a scan": ("false_positives_per_case",),
    "PPV": ("predictive_value",),
    "FROC score": ("froc_score",),
    "lesion-wise Dice": ("lesion_wise_dice",),
    "HD95, mm": ("hd95_mm_of_found",),
    "surface Dice, 1 mm": ("surface_dice_of_found",),
    "volume error": ("volume_error_of_found",),
    "calibration error": ("calibration_error",),
}
VALIDATION = "FP a scan, validation (cases)"
HEADS = (
    "family", "after", "phantoms", "cases, lesions", *COLUMNS, VALIDATION, "parameters",
    "steps",    "network, CPU s a case", "files to candidates, CPU s", "peak MiB",
    "its paper, on patients (not comparable)",
)  # fmt: skip
WORDS = """# Families of detectors: one table

Written by `python -m benchmarks.detectors.families --table` from `benchmarks/detectors/families.jsonl`, a line a case; do not edit it by hand (a test compares). What each paper did and what ours differs in is in [the card](detector-card.md#other-families), the counting rule in `benchmarks/detectors/README.md`.

**Read it with care.** Everything is measured on synthetic phantoms, whole heads from DICOM files to candidates, one pass of the network; windows, where a family has them, overlap by a tenth. The budget is the same for all and tiny: it shows how far families get in that many CPU seconds of one thread from nothing, not what they reach when they have learnt. The operating point of each (a lift of its logits, temperature, bias, and the threshold with at most one false positive a case) is chosen on the validation phantoms, and with so few of them it is mostly chance. So is what depends on it: a row's sensitivity, false positives, PPV, Dice and outlines; **only the FROC score, which needs no threshold, compares families**, and those alone that saw the same phantoms (the column of cases). How many false positives a case the point lets through on the validation phantoms, and how many of these there were, stands in a column of its own. Heads differ: of `unet-3d` any four of eight validation phantoms choose points that let 0.8 to 13.2 false positives a scan through on the test phantoms, any three 0.8 to 14.2 (`benchmarks/detectors/README.md`, a point of few phantoms).

Of each case the 100 candidates with the highest scores are counted. In brackets 95 % bootstrap intervals over cases; with so few cases they are wide, and an interval of one value says that all cases agreed, not that it is known. A row of one case has none. HD95, surface Dice and volume error (its size) are means over found lesions; lesion-wise Dice counts misses and false positives as 0. Phantoms of a shift are the first test phantoms with at least four lesions: its figures are compared with other families' under it, not with the row above. The shifts are of MR: families of CT alone are not measured under them.

Seconds are of CPU, one thread, medians over cases; a busy machine makes them longer and the steps fewer. Files to candidates: reading and preparing a phantom, timed once for all families of the same series, and the family's own network and candidates. Peak memory is of the process that detects from the prepared phantom on. `space-to-depth` is run by OpenVINO, the others by torch. A dear family sees fewer phantoms: no further one of a part (validation, test, each shift) is begun when those before it took the limit times the part's phantoms; cases and validation cases say how many there were. What papers report on patients stands in a column of its own and is not comparable.
"""  # noqa: E501 -- a paragraph is a line of Markdown
Row = dict[str, Any]


def read(path: Path) -> list[Row]:
    """The lines of a runs file; none where there is no file."""
    return records.rows(path) if path.exists() else []


def page(rows: Sequence[Row], literature: Mapping[str, str] | None = None) -> str:
    """The whole page as Markdown; papers' figures by family (default: `literature.json`)."""
    papers = literature or json.loads((HERE / "literature.json").read_text())
    trained = [row for row in rows if row["kind"] == "training"]
    lines = [WORDS]
    for budget in sorted({row["budget"] for row in trained}):
        here = [row for row in trained if row["budget"] == budget]
        lines += _part(here, [row for row in rows if row["kind"] == "case"], papers)
    if not trained:
        lines += ["No family has been measured yet.", ""]
    lines += ["## What papers report, on patients", "", _line(["family", "figure and source"])]
    lines += [_line(["---", "---"])]
    lines += [_line([name, words]) for name, words in sorted(papers.items())]
    return "\n".join(lines) + "\n"


def _part(trained: Sequence[Row], cases: Sequence[Row], papers: Mapping[str, str]) -> list[str]:
    """The table of one budget: the best FROC score in distribution first."""
    of, version = trained[0]["of"], trained[0]["budget"].partition("-v")[2] or "1"
    head = (
        f"## {of['seconds']:g} CPU seconds, {of['training']} training and {of['validation']}"
        f" validation phantoms each, of the phantoms' version {version}"
    )
    measured = []
    for about in trained:
        by_phantoms = defaultdict(list)
        for row in cases:
            if (row["family"], row["budget"]) == (about["family"], about["budget"]):
                if row["network"] != about["network"]:
                    problem = f"{about['family']}: its cases are of another network"
                    raise ValueError(f"{problem} than its operating point")
                by_phantoms[row["phantoms"]].append(row)
        if by_phantoms:
            found = {each: _figures(about, by_phantoms[each]) for each in by_phantoms}
            measured.append((about, by_phantoms, found))
    measured.sort(key=lambda each: -_froc(each[2]))
    there = {about["family"] for about, _, _ in measured}
    shifted = sum(bool(found.keys() - {"none"}) for _, _, found in measured)
    count = f"{len(there)} of {len(families.FAMILIES)} families, {shifted or 'none'} under shifts"
    lines = [
        head,
        "",
        f"**{count}.** {_limits(trained)}",
        "",
        _line(HEADS),
        _line(["---"] * len(HEADS)),
    ]
    for about, by_phantoms, found in measured:
        for phantoms in PHANTOMS:
            if phantoms in found:
                cells = _cells(about, phantoms, by_phantoms[phantoms], found[phantoms])
                lines.append(_line([*cells, papers.get(about["family"], NONE)]))
    if missing := [name for name in families.FAMILIES if name not in there]:
        lines += ["", f"Not measured at this budget yet: {', '.join(missing)}."]
    return [*lines, ""]


def _limits(trained: Sequence[Row]) -> str:
    """How many phantoms there were at most, and the limit by which a dear family saw fewer."""
    by_limit = defaultdict(list)
    for about in trained:
        by_limit[about["of"]["limit"]].append(about["family"])
    (usual, _), *others = sorted(by_limit.items(), key=lambda each: -len(each[1]))
    of = trained[0]["of"]
    words = (
        f"At most {of['test']} test phantoms in distribution and {of['shifted']} under each shift;"
        f" the limit is {usual:g} CPU seconds a phantom"
    )
    return words + "".join(f", {limit:g} of {', '.join(some)}" for limit, some in others) + "."


def _froc(found: Mapping[str, Row]) -> float:
    return float((found.get("none", {}).get("froc_score") or {}).get("value") or 0)


def _figures(about: Row, rows: Sequence[Row]) -> Row:
    point = about["operating_point"]
    timed = [records.from_row(row) for row in rows]
    return dict(summary(timed, about["threshold"], point["temperature"], point["bias"]))


def _cells(about: Row, phantoms: str, rows: Sequence[Row], found: Row) -> list[str]:
    seconds = float(np.median([row["seconds"] for row in rows]))
    network = float(np.median([row["network_seconds"] for row in rows]))
    return [
        about["family"],
        families.family_of(about["family"]).after,
        PHANTOMS[phantoms],
        f"{found['cases']}, {found['lesions']}",
        *(_figure(found, where) for where in COLUMNS.values()),
        f"{about['validation_false_positives']:.2f} ({about['validation_cases']})",
        f"{about['parameters'] / 1e6:.2f} M",
        str(about["steps"]),
        f"{network:.1f}",
        f"{seconds:.1f}",
        str(max(row["peak_mib"] for row in rows)),
    ]


def _figure(found: Any, where: tuple[str, ...]) -> str:
    value = found
    for name in where:
        value = value.get(name) if value else None
    if isinstance(value, dict) and value["value"] is not None:
        if found["cases"] == 1:  # an interval over one case would have no width
            return f"{value['value']:.2f}"
        low, high = value["interval"]
        return f"{value['value']:.2f} ({low:.2f} to {high:.2f})"
    return NONE if value is None or isinstance(value, dict) or value != value else f"{value:.3f}"  # noqa: PLR0124


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
