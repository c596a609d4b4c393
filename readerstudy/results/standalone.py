"""A study's detectors by themselves, from the frozen data: for the statistician, once unblinded."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from readerstudy.proposals import bridge
from readerstudy.results.presentation import cells
from readerstudy.results.presentation.cells import Table

Row = Mapping[str, str]


def tables(files: Mapping[str, bytes], detectors: Iterable[str]) -> list[tuple[str, list[Table]]]:
    """The tables of each detector of a freeze, by its name.

    `detectors` are those of the study's arms: one that proposed nothing is in no file, and has
    found no lesion. Proposals were matched with lesions by the plan's rule when the data were
    frozen. A case without proposals counts as one in which nothing was proposed.
    """
    truth, proposals = _rows(files["truth.csv"]), _rows(files["proposals.csv"])
    names = sorted({row["detector"] for row in proposals} | set(detectors))
    return [(name, _of(truth, [r for r in proposals if r["detector"] == name])) for name in names]


def _rows(data: bytes) -> list[Row]:
    return list(csv.DictReader(io.StringIO(data.decode())))


def _of(truth: list[Row], proposals: list[Row]) -> list[Table]:
    has_probabilities = bool(proposals) and all(row["probability"] for row in proposals)
    cases = [
        _counted(
            [row for row in truth if row["case"] == code],
            [row for row in proposals if row["case"] == code],
        )
        for code in sorted({row["case"] for row in truth})
    ]
    found = bridge.stand_alone(cases, has_probabilities=has_probabilities)
    made = [_lesions(found, len(cases))]
    if has_probabilities:
        made += [_froc(found), _reliability(found)]
    return made


def _counted(truth: list[Row], proposals: list[Row]) -> bridge.Counted:
    """One case; a further proposal on a lesion that is found (-1) counts as neither."""
    best: dict[str, float] = {}
    for row in proposals:
        value = float(row["probability"] or 1)
        best[row["lesion"]] = max(value, best.get(row["lesion"], 0.0))
    return bridge.Counted(
        [
            (float(row["diameter_mm"]), best.get(row["lesion"]))
            for row in truth
            if row["lesion"] != "0"
        ],
        [float(row["probability"] or 1) for row in proposals if row["lesion"] == "0"],
    )


def _lesions(found: Mapping[str, Any], cases: int) -> Table:
    rows = [
        [_size(*size), str(count), *_with_interval(value, interval)]
        for size, (count, value, interval) in found["sensitivity"].items()
    ]
    rows.append(
        ["False positives per case", str(cases), *_with_interval(*found["false_positives"])]
    )
    words = "Every proposal that was delivered, at the detector's own operating point."
    return Table("Lesions found", words, ["", "Of", "Value", "95 % interval"], rows)


def _size(low: float, high: float) -> str:
    if high == float("inf"):
        return f"Found, at least {low:g} mm" if low else "Found, all lesions"
    return f"Found, {low:g} to {high:g} mm"


def _with_interval(value: float | None, interval: Iterable[float] | None) -> list[str]:
    if value is None or interval is None:
        return ["\N{EN DASH}", ""]
    low, high = map(cells.value, interval)
    # Draws from cases that are all alike differ in nothing: that is no certainty.
    told = "none: all cases alike" if low == high else f"{low} to {high}"
    return [cells.value(value), told]


def _froc(found: Mapping[str, Any]) -> Table:
    rows = [[f"{rate:g}", cells.value(share)] for rate, share in found["froc"].items()]
    words = "Lesions found when the threshold lets through so many false positives per case."
    return Table("Free-response ROC", words, ["False positives per case", "Found"], rows)


def _reliability(found: Mapping[str, Any]) -> Table:
    error = found["calibration_error"]
    words = "Probabilities beside how often proposals of that probability were right."
    if error is not None:
        words += f" Expected calibration error {cells.value(error)}."
    rows = [
        [str(count), cells.value(mean), cells.value(share)]
        for count, mean, share in found["reliability"]
    ]
    return Table("Reliability", words, ["Proposals", "Mean probability", "Share right"], rows, 0)
