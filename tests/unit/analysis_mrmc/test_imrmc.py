"""S3: U-statistics against iMRMC 2.1.2: crossed studies and a quarter of the reads missing."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.dataset import Dataset
from analysis.io.imrmc import read_imrmc
from analysis.multireader.influence import Influence
from analysis.multireader.moments import moments
from analysis.multireader.ustatistics import BCK, UStatistics, bck_components, ustatistics
from tests.unit.analysis_mrmc.peers import REFERENCE, peer, same, vandyke

STUDIES = {
    "vandyke_imrmc": vandyke,
    "imrmc_example_imrmc": lambda: read_imrmc(REFERENCE / "imrmc_example.csv"),
    "imrmc_missing_imrmc": lambda: read_imrmc(REFERENCE / "imrmc_missing.csv"),
}
VARIANCES = {"Ustat": "unbiased", "MLEstat": "mle"}


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("kind", VARIANCES)
def test_modalities_and_difference(study: str, kind: str) -> None:
    expected = peer(study)[kind]
    found = analysis.mrmc(STUDIES[study](), method="ustat", covariance=VARIANCES[kind])
    for at, each in enumerate((*found.modalities, found.differences[0])):
        value, variance = ("AUCA", "varAUCA") if at < 2 else ("AUCAminusAUCB", "varAUCAminusAUCB")
        same(each.estimate, expected[value][at])
        same(each.std_error**2, expected[variance][at])
        same(each.df, expected["dfBDG"][at])
        same(each.ci_low, expected["botCIBDG"][at])
        same(each.ci_high, expected["topCIBDG"][at])
    same(found.differences[0].p_value, expected["pValueBDG"][2])
    same(found.test.p_value, expected["pValueBDG"][2])


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("kind", VARIANCES)
def test_normal_columns_and_each_auc_against_a_half(study: str, kind: str) -> None:
    expected = peer(study)[kind]
    found = analysis.mrmc(STUDIES[study](), method="ustat", covariance=VARIANCES[kind])
    rows = found.to_json()["normal"]
    for at, row in enumerate((*rows["modalities"], *rows["differences"])):
        same(row["p_normal"], expected["pValueNormal"][at], rel=1e-9, abs_=1e-12)
        same(row["ci_low"], expected["botCInormal"][at])
        same(row["ci_high"], expected["topCInormal"][at])
    same([row["p_value"] for row in rows["modalities"]], expected["pValueBDG"][:2])


@pytest.mark.parametrize("study", STUDIES)
def test_auc_of_each_reader(study: str) -> None:
    expected = peer(study)["perReader"]
    found = analysis.mrmc(STUDIES[study](), method="ustat")
    number = len(found.foms)
    same([each.estimate for each in found.foms], expected["AUCA"][:number])
    same([each.variance for each in found.foms], expected["varAUCA"][:number])
    pairs = [found.within_readers[j][0] for j in range(found.n_readers)]
    same([each.estimate for each in pairs], expected["AUCAminusAUCB"][number:])
    same([each.std_error**2 for each in pairs], expected["varAUCAminusAUCB"][number:])


def decomposed(study: str) -> tuple[UStatistics, dict[str, Any]]:
    dataset = Dataset.from_table(STUDIES[study]())
    return ustatistics(dataset.ratings, dataset.truth), peer(study)["varDecomp"]


@pytest.mark.parametrize("study", ["vandyke_imrmc", "imrmc_example_imrmc"])
@pytest.mark.parametrize("kind", ["Ustat", "MLE"])
def test_moments_components_and_coefficients(study: str, kind: str) -> None:
    found, expected = decomposed(study)
    moments = found.moments.unbiased if kind == "Ustat" else found.moments.biased
    pairs = [(0, 0), (1, 1), (0, 1)]
    for at in range(8):
        name = f"M{at + 1}"
        same([moments[at][pair] for pair in pairs], expected["BDG"][kind]["comp"][name])
        coefficient = [found.moments.coefficients[at][pair] for pair in pairs]
        same(coefficient, expected["BDG"][kind]["coeff"][name])
    components = bck_components(moments)
    for at, name in enumerate(BCK):
        same([components[at][pair] for pair in pairs], expected["BCK"][kind]["comp"][name])


def test_unbiased_or_equals_ustatistics_for_two_modalities() -> None:
    """Gallas' variance of the difference is OR's with unbiased covariances and Cov2 > Cov3."""
    by_or = analysis.mrmc(vandyke(), covariance="unbiased").differences[0]
    by_u = analysis.mrmc(vandyke(), method="ustat").differences[0]
    same(by_or.std_error, by_u.std_error)


def test_negative_unbiased_variance_falls_back_to_mle_and_says_so() -> None:
    rng = np.random.default_rng(1)
    truth = np.arange(8) % 2
    rows = [
        {"reader": j, "modality": i, "case": k, "truth": truth[k], "rating": rng.integers(0, 3)}
        for i in range(2)
        for j in range(2)
        for k in range(8)
    ]
    found = analysis.mrmc(pd.DataFrame(rows), method="ustat")
    negative = [text for text in found.warnings if "negative" in text]
    assert negative, "this seed gives one"
    assert all(np.isfinite(each.std_error) for each in (*found.modalities, *found.differences))


@pytest.mark.parametrize("random", ["cases", "readers"])
def test_fixed_readers_or_cases_are_or_with_delong_where_nothing_is_missing(random: str) -> None:
    found = analysis.mrmc(vandyke(), method="ustat", random=random)
    expected = analysis.mrmc(vandyke(), covariance="delong", random=random)
    for ours, theirs in zip(
        (*found.modalities, *found.differences),
        (*expected.modalities, *expected.differences),
        strict=True,
    ):
        same(
            [ours.estimate, ours.std_error, ours.ci_low, ours.ci_high],
            [theirs.estimate, theirs.std_error, theirs.ci_low, theirs.ci_high],
        )
    same(found.test.p_value, expected.test.p_value)
    assert found.covariance == {"cases": "delong", "readers": "sample"}[random]


def test_fixed_cases_with_missing_reads_vary_as_the_linearised_ratio() -> None:
    """Leaving out a reader at a time moves the pooled difference as its influence says."""
    table = read_imrmc(REFERENCE / "imrmc_missing.csv")
    dataset = Dataset.from_table(table)
    influence = Influence.of(dataset.ratings, dataset.truth)
    assert np.allclose(influence.readers.sum(axis=1), 0, atol=1e-12)
    whole = moments(dataset.ratings, dataset.truth).auc
    for j in range(5):
        keep = np.arange(5) != j
        left = moments(dataset.take(readers=keep).ratings, dataset.truth).auc
        assert whole - left == pytest.approx(influence.readers[:, j] * 5 / 4, abs=0.006)


def test_a_covariance_that_the_method_does_not_use_is_named() -> None:
    found = analysis.mrmc(vandyke(), method="dbm", covariance="bootstrap")
    assert any("covariance bootstrap is not for method dbm" in text for text in found.warnings)
    assert analysis.mrmc(vandyke(), method="dbm").warnings == ()
    assert analysis.mrmc(vandyke(), method="ustat").warnings == ()


def test_three_modalities_use_each_pair_only() -> None:
    """A pair's result does not depend on the third modality."""
    table = vandyke()
    rng = np.random.default_rng(1)
    third = table[table["modality"] == "1"].assign(
        modality="3", rating=lambda t: t["rating"] + rng.normal(size=len(t))
    )
    both = analysis.mrmc(pd.concat([table, third]), method="ustat")
    alone = analysis.mrmc(table, method="ustat").differences[0]
    pair = next(each for each in both.differences if (each.a, each.b) == (0, 1))
    same(pair.p_value, alone.p_value)
    assert both.test.p_value == min(both.adjusted)
