"""The published data and what the field's reference software gives for them.

tests/data/reference/README.md names the software, its version and the tolerance.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.io.tables import read_table

REFERENCE = Path(__file__).parents[2] / "data" / "reference"
RANDOM = {"RRRC": "readers+cases", "FRRC": "cases", "RRFC": "readers"}
REL = 1e-9


@cache
def peer(name: str) -> dict[str, Any]:
    """Results of a reference file."""
    results: dict[str, Any] = json.loads((REFERENCE / f"{name}.json").read_text())["results"]
    return results


def vandyke() -> pd.DataFrame:
    """Van Dyke 1993: 5 readers, 2 modalities, 114 cases."""
    return read_table(REFERENCE / "vandyke.csv")


def same(found: ArrayLike, expected: ArrayLike, rel: float = REL, abs_: float = 1e-14) -> None:
    """Assert equality to a relative tolerance (absolute near 0, where peers print rounding)."""
    np.testing.assert_allclose(
        np.asarray(found, float), np.asarray(expected, float), rtol=rel, atol=abs_
    )
