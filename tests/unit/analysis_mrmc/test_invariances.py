"""What must not change a result does not, and what must turn it round does."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis
from analysis.results import MrmcResult
from tests.unit.analysis_mrmc.peers import same

FAST = settings(max_examples=15, deadline=None)
SETTINGS: list[dict[str, Any]] = [
    {"covariance": "jackknife"},
    {"covariance": "delong", "random": "cases"},
    {"covariance": "unbiased"},
    {"method": "dbm"},
    {"method": "ustat"},
    {"fom": "pauc:fpf=0..0.4"},
]


def study(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    readers, modalities, cases = 3, 2, 20
    truth = np.arange(cases) % 2
    rows = [
        {"reader": f"R{j}", "modality": f"M{i}", "case": f"c{k}", "truth": int(truth[k])}
        for i in range(modalities)
        for j in range(readers)
        for k in range(cases)
    ]
    table = pd.DataFrame(rows)
    quality = rng.normal(size=cases)
    noise = np.round(rng.normal(size=len(table)), 1)
    at = table["case"].str[1:].astype(int)
    return table.assign(rating=np.round(quality[at] + 1.2 * table["truth"] + noise, 1))


def numbers(result: MrmcResult) -> list[float]:
    each = result.differences[0]
    return [each.estimate, each.std_error, each.p_value, each.ci_low, each.ci_high]


@pytest.mark.parametrize("choice", SETTINGS, ids=str)
@given(seed=st.integers(0, 10_000))
@FAST
def test_order_of_rows_and_names_of_readers_do_not_matter(choice: Any, seed: int) -> None:
    table = study(seed)
    renamed = table.sample(frac=1, random_state=seed).assign(
        reader=lambda t: t["reader"].map({"R0": "z", "R1": "a", "R2": "m"}),
        case=lambda t: t["case"].map({f"c{k}": f"x{(k * 7) % 20}" for k in range(20)}),
    )
    same(numbers(analysis.mrmc(renamed, **choice)), numbers(analysis.mrmc(table, **choice)))


@pytest.mark.parametrize("choice", SETTINGS, ids=str)
@given(seed=st.integers(0, 10_000))
@FAST
def test_a_monotone_change_of_ratings_does_not_matter(choice: Any, seed: int) -> None:
    table = study(seed)
    bent = table.assign(rating=np.exp(table["rating"] / 2) * 3 - 1)
    same(numbers(analysis.mrmc(bent, **choice)), numbers(analysis.mrmc(table, **choice)))


@pytest.mark.parametrize("choice", SETTINGS, ids=str)
@given(seed=st.integers(0, 10_000))
@FAST
def test_swapping_the_modalities_turns_the_difference_round(choice: Any, seed: int) -> None:
    table = study(seed)
    swapped = table.assign(modality=table["modality"].map({"M0": "M1", "M1": "M0"}))
    one, other = analysis.mrmc(table, **choice), analysis.mrmc(swapped, **choice)
    a, b = one.differences[0], other.differences[0]
    same([a.estimate, a.ci_low, a.p_value], [-b.estimate, -b.ci_high, b.p_value])


@pytest.mark.parametrize("choice", SETTINGS[:5], ids=str)
@given(seed=st.integers(0, 10_000))
@FAST
def test_swapping_the_truth_and_turning_ratings_round_does_not_matter(
    choice: Any, seed: int
) -> None:
    table = study(seed)
    turned = table.assign(truth=1 - table["truth"], rating=-table["rating"])
    same(numbers(analysis.mrmc(turned, **choice)), numbers(analysis.mrmc(table, **choice)))


@given(seed=st.integers(0, 10_000))
@FAST
def test_dbm_is_or_with_the_jackknife(seed: int) -> None:
    """Hillis, Obuchowski, Schartz and Berbaum 2005."""
    table = study(seed)
    for random in ("readers+cases", "readers"):
        same(
            numbers(analysis.mrmc(table, method="dbm", random=random)),
            numbers(analysis.mrmc(table, random=random)),
            rel=1e-8,
        )
