"""Raw outcomes of a detector on cases, as JSON lines: every figure is computed from them."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inference import distances
from inference.agreement import Agreement
from inference.brats import BratsScore
from inference.distances import Places
from inference.metrics import CaseScore

DIGITS = 4  # of scores, as lines keep them


@dataclass(frozen=True)
class Timed:
    """A case's score, and what it took.

    Attributes
    ----------
    seconds
        From files to candidates.
    network_seconds
        The network alone, all passes.
    outlines
        Of each true lesion, how its outline agrees; None where it was not found. Empty in files
        of before this was kept.
    brats
        BraTS-METS' counting of the candidates at the operating point; None likewise.
    places
        Where candidates and lesions lie, to count by distance; None likewise.
    """

    seed: int
    score: CaseScore
    seconds: float
    network_seconds: float = float("nan")
    outlines: tuple[Agreement | None, ...] = ()
    brats: BratsScore | None = None
    places: Places | None = None


def save(results: Sequence[Timed], path: Path) -> None:
    """Keep raw scores as JSON lines: every figure of the card can be computed from them.

    What was there stays until all of it is written.
    """
    draft = path.with_name(f"{path.name}.draft")
    draft.write_text("".join(map(_line, results)))
    draft.replace(path)


def add(result: Timed, path: Path) -> None:
    """Put one more case's line at the end of a file of raw scores."""
    append(row_of(result), path)


def append(row: dict[str, Any], path: Path) -> None:
    """Put a line at the end of JSON lines, not behind one that a killed process left unfinished."""
    with path.open("ab+") as out:
        out.seek(max(out.tell() - 1, 0))
        if out.read() not in {b"", b"\n"}:
            out.write(b"\n")
        out.write(json.dumps(row).encode() + b"\n")


def _line(each: Timed) -> str:
    return json.dumps(row_of(each)) + "\n"


def row_of(each: Timed) -> dict[str, Any]:
    """A case's outcome as JSON; `from_row` reads it."""
    row = {
        "seed": each.seed,
        "seconds": round(each.seconds, 2),
        "diameters_mm": each.score.diameters_mm.round(2).tolist(),
        "hits": [None if np.isinf(v) else round(v, DIGITS) for v in each.score.hits.tolist()],
        "dice": each.score.dice.round(4).tolist(),
        "false_scores": each.score.false_scores.round(DIGITS).tolist(),
    }
    places = {} if each.places is None else {"places": each.places.to_json()}
    return row | _details(each) | places


def _details(each: Timed) -> dict[str, Any]:
    """What files of before the outlines do not have."""
    if each.brats is None:
        return {}
    return {
        "network_seconds": round(each.network_seconds, 3),
        "outlines": [None if one is None else one.rounded() for one in each.outlines],
        "brats": {
            "dice": np.round(each.brats.dice, 4).tolist(),
            "hd95_mm": np.round(each.brats.hd95_mm, 3).tolist(),
            "false_positives": each.brats.false_positives,
        },
    }


def read(path: Path) -> list[Timed]:
    """Read raw scores."""
    return [from_row(row) for row in rows(path)]


def rows(path: Path) -> list[Any]:
    """Read JSON lines; one that a killed process left unfinished is left out."""
    found = []
    for line in path.read_text().splitlines():
        with suppress(json.JSONDecodeError):
            found.append(json.loads(line))
    return found


def from_row(row: dict[str, Any]) -> Timed:
    """The outcome of a case that `row_of` made JSON of."""
    hits = np.array([-np.inf if v is None else v for v in row["hits"]], dtype=np.float64)
    arrays = (np.array(row[k], dtype=np.float64) for k in ("diameters_mm", "dice", "false_scores"))
    diameters, dice, false = arrays
    score = CaseScore(diameters, hits, dice, false)
    places = distances.from_json(row["places"]) if "places" in row else None
    if "brats" not in row:
        return Timed(int(row["seed"]), score, float(row["seconds"]), places=places)
    counted = row["brats"]
    return Timed(
        int(row["seed"]),
        score,
        float(row["seconds"]),
        float(row["network_seconds"]),
        tuple(None if one is None else Agreement(**one) for one in row["outlines"]),
        BratsScore(
            tuple(counted["dice"]), tuple(counted["hd95_mm"]), int(counted["false_positives"])
        ),
        places,
    )
