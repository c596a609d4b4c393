"""Which known lesions of the training bench a proposal resembles, by its measured features.

The newest table (`known-lesions-1.csv` beside the weights) holds what the default detector
proposed, however faintly, on validation phantoms, and what each was: a planted metastasis or
nothing. A proposal is compared in standardised features, sizes by their logarithm.
`python -m inference known` makes the next table.
"""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference import known_table

COUNT = 10  # neighbours that are told of
FALSE = "false"  # the kind of what is no lesion; others are `inference.phantom`'s
FEATURES = (
    "diameter_mm", "elongation", "contrast_sd", "core_to_rim", "uptake_sd", "oedema_percent",
    "vessel_mm",
)  # fmt: skip
_BY_RATIO = {"diameter_mm", "elongation"}
_LEAST = 0.05  # under the logarithm


@dataclass(frozen=True)
class Similar:
    """The known lesions nearest to a proposal: how many, of which kind each, and their rows."""

    count: int
    kinds: Mapping[str, int]  # true ones by kind, the commonest first
    rows: tuple[int, ...] = field(default=(), compare=False)  # of the table, the nearest first

    @property
    def true(self) -> int:
        """How many were lesions."""
        return sum(self.kinds.values())


@dataclass(frozen=True)
class Known:
    """The table, ready to be compared with: scaled features (row, feature) and kinds (row,)."""

    scaled: NDArray[np.float64]
    middle: NDArray[np.float64]
    spread: NDArray[np.float64]
    kinds: tuple[str, ...]


def nearest(features: Mapping[str, float], known: Known | None = None) -> Similar | None:
    """The known lesions nearest to a proposal; None where there are too few to speak of.

    Features that the proposal lacks (a series was missing) are left out of the comparison.
    """
    known = table() if known is None else known
    if len(known.kinds) < 2 * COUNT:
        return None
    have = [n for n, name in enumerate(FEATURES) if name in features]
    own = _row(features)[have]
    scaled = (own - known.middle[have]) / known.spread[have]
    away = np.linalg.norm(known.scaled[:, have] - scaled, axis=1)
    rows = tuple(int(n) for n in np.argsort(away, kind="stable")[:COUNT])
    kinds = Counter(known.kinds[n] for n in rows)
    return Similar(COUNT, {name: n for name, n in kinds.most_common() if name != FALSE}, rows)


@lru_cache(maxsize=1)
def table() -> Known:
    """The newest table that is shipped."""
    return known_of(known_table.rows(known_table.newest()))


def known_of(rows: Sequence[Mapping[str, str]]) -> Known:
    """A table's rows, standardised. A feature that a row lacks lies in the middle."""
    values = np.array([_row(each) for each in rows], dtype=np.float64).reshape(-1, len(FEATURES))
    if not rows:
        return Known(values, np.zeros(len(FEATURES)), np.ones(len(FEATURES)), ())
    middle = np.nan_to_num(np.nanmean(values, 0))
    spread = np.maximum(np.nan_to_num(np.nanstd(values, 0)), 1e-6)
    scaled = np.nan_to_num((values - middle) / spread)
    return Known(scaled, middle, spread, tuple(each["kind"] for each in rows))


def write(rows: Sequence[Mapping[str, str | float]], path: Path) -> None:
    """Write the table: `seed`, `kind` and the features of each proposal."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["seed", "kind", *FEATURES], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def _row(features: Mapping[str, float] | Mapping[str, str]) -> NDArray[np.float64]:
    """A row of the table; NaN where a feature is not there."""
    said = [features.get(name, "") for name in FEATURES]
    values = [np.nan if each == "" else float(each) for each in said]
    return np.array(
        [np.log(max(v, _LEAST)) if n in _BY_RATIO else v
         for n, v in zip(FEATURES, values, strict=True)]
    )  # fmt: skip
