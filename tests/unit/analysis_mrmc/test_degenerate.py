"""S5: Degenerate data have a defined answer and a warning; nothing is NaN in silence."""

import itertools
import json
import math

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.multireader import obuchowski_rockette
from analysis.multireader.estimation import Options
from analysis.multireader.influence import Influence
from analysis.multireader.ustatistics import contrast, ustatistics
from analysis.simulation.roe_metz import dataset, with_auc
from analysis.tables import DataError
from tests.unit.analysis_mrmc.peers import vandyke


def made(ratings: dict[tuple[str, str], list[float]], truth: list[int]) -> pd.DataFrame:
    """A table from ratings by (reader, modality)."""
    return pd.DataFrame(
        [
            {"reader": r, "modality": m, "case": f"c{k}", "truth": truth[k], "rating": rating}
            for (r, m), own in ratings.items()
            for k, rating in enumerate(own)
        ]
    )


TRUTH = [0, 0, 0, 0, 1, 1, 1, 1]
PERFECT = [1.0, 2, 3, 4, 5, 6, 7, 8]
FAIR = [1.0, 6, 3, 4, 5, 2, 7, 8]
POOR = [5.0, 6, 3, 4, 1, 2, 7, 8]
FLAT = [3.0] * 8


def test_all_perfect_means_no_difference() -> None:
    found = analysis.mrmc(made(dict.fromkeys(itertools.product("AB", "12"), PERFECT), TRUTH))
    assert found.test.p_value == 1
    assert (found.differences[0].ci_low, found.differences[0].ci_high) == (0, 0)
    named = [text for text in found.warnings if "perfect separation" in text]
    assert [text.partition(":")[0] for text in named] == [
        "readers A, B, modality 1",
        "readers A, B, modality 2",
    ]
    assert any("do not vary" in text for text in found.warnings)


def test_a_constant_difference_without_any_variance_is_certain() -> None:
    foms = np.array([[0.8, 0.9, 0.7], [0.7, 0.8, 0.6]])
    found = obuchowski_rockette(foms, np.zeros((2, 3, 2, 3)), random="readers")
    assert found.test.p_value == 0
    assert math.isinf(found.test.statistic)
    assert found.differences[0].ci_low == found.differences[0].ci_high == pytest.approx(0.1)
    assert any("do not vary" in text for text in found.warnings)


def test_one_perfect_reader_is_named_and_kept() -> None:
    ratings = {("A", "1"): PERFECT, ("A", "2"): FAIR, ("B", "1"): FAIR, ("B", "2"): FAIR}
    found = analysis.mrmc(made(ratings, TRUTH))
    assert any("reader A, modality 1: perfect" in text for text in found.warnings)
    assert found.foms[0].estimate == 1
    assert 0 < found.test.p_value < 1


def test_reversed_ratings_are_asked_about() -> None:
    ratings = {("A", "1"): PERFECT[::-1], ("A", "2"): FAIR, ("B", "1"): FAIR, ("B", "2"): POOR}
    found = analysis.mrmc(made(ratings, TRUTH))
    assert any("are the ratings reversed?" in text for text in found.warnings)


def test_constant_ratings_of_one_reader_give_half() -> None:
    ratings = {("A", "1"): FLAT, ("A", "2"): FAIR, ("B", "1"): FAIR, ("B", "2"): POOR}
    found = analysis.mrmc(made(ratings, TRUTH))
    assert found.foms[0].estimate == 0.5
    assert any("constant ratings" in text for text in found.warnings)


def test_one_reader_is_analysed_with_cases_random() -> None:
    table = vandyke()
    found = analysis.mrmc(table[table["reader"] == "1"])
    assert found.random == "cases"
    assert any("one reader" in text for text in found.warnings)
    assert found.test.p_value == pytest.approx(0.2693388, abs=1e-6)  # MRMCaov's for this reader


def test_one_modality_has_its_estimate_and_no_test() -> None:
    table = vandyke()
    found = analysis.mrmc(table[table["modality"] == "1"])
    assert found.modalities == analysis.mrmc(table).modalities[:1]
    assert math.isnan(found.test.p_value)
    assert found.to_json()["test"]["p_value"] is None
    assert any("one modality" in text for text in found.warnings)
    assert "0.897" in found.statement()
    assert found.plot() is not None


def test_one_modality_by_ustatistics() -> None:
    table = vandyke()
    found = analysis.mrmc(table[table["modality"] == "1"], method="ustat")
    whole = analysis.mrmc(table, method="ustat")
    assert found.modalities[0].ci_low == pytest.approx(whole.modalities[0].ci_low, rel=1e-9)


def test_dbm_of_one_reader_names_the_method_that_can() -> None:
    table = vandyke()
    with pytest.raises(DataError, match="use method 'or'"):
        analysis.mrmc(table[table["reader"] == "1"], method="dbm")


def test_one_reader_by_ustatistics_is_analysed_with_cases_random() -> None:
    table = vandyke()
    one = table[table["reader"] == "1"]
    found = analysis.mrmc(one, method="ustat")
    expected = analysis.mrmc(one, covariance="delong")
    assert found.random == "cases"
    assert any("one reader" in text for text in found.warnings)
    assert found.test.p_value == pytest.approx(expected.test.p_value, rel=1e-9)


def test_readers_who_differ_between_modalities_never_give_a_certain_answer() -> None:
    """Unbiased and MLE variances are both negative here; p would be 0 with no variance."""
    table = vandyke()
    some = table[~((table["reader"] == "2") & (table["modality"] == "1"))]
    for covariance in ("unbiased", "mle"):
        found = analysis.mrmc(some, method="ustat", covariance=covariance)
        assert found.differences[0].std_error > 0.02
        assert found.test.p_value > 0.05
        assert any("rather than too small" in text for text in found.warnings)


def test_with_missing_reads_a_negative_variance_is_never_replaced_by_a_smaller_guess() -> None:
    """The MLE variance is positive here, and far below what readers and cases each vary by."""
    model = with_auc(0.85)
    rng = np.random.default_rng(9)
    for _ in range(40):
        study = dataset(model, readers=6, healthy=40, diseased=40, rng=rng)
        ratings = np.where(rng.random(study.ratings.shape) > 0.25, study.ratings, np.nan)
        found = ustatistics(ratings, study.truth)
        mle = contrast(found.moments.covariance_mle, 0, 1)
        if contrast(found.moments.covariance, 0, 1) >= 0 or mle <= 0:
            continue
        influence = Influence.of(ratings, study.truth)
        safe = sum(way(0, 1)[0] for way in (influence.over_readers, influence.over_cases))
        assert found.inference.differences[0].std_error ** 2 == pytest.approx(safe)
        assert safe > 2 * mle
        assert any("too large" in text for text in found.inference.warnings)
        return
    raise AssertionError("no study of 40 had a negative variance")


def test_a_negative_unbiased_variance_falls_back_to_delong_and_says_so() -> None:
    """Of the difference of the one reader; with two readers that reader's row is left out."""
    rng, truth = np.random.default_rng(10), np.arange(5) % 2
    ratings = rng.integers(0, 4, (2, 2, 5))
    rows = [
        {"reader": j, "modality": i, "case": k, "truth": truth[k], "rating": ratings[i, j, k]}
        for i, j, k in np.ndindex(ratings.shape)
    ]
    table = pd.DataFrame(rows)
    one = table[table["reader"] == 1]
    found = analysis.mrmc(one, covariance="unbiased")
    assert found.covariance == "delong"
    assert found.differences == analysis.mrmc(one, covariance="delong").differences
    assert any("unbiased variance" in text for text in found.warnings)
    both = analysis.mrmc(table, covariance="unbiased", random="cases")
    assert list(both.within_readers) == [0]
    assert any("left out" in text for text in both.warnings)


def test_cov2_below_cov3_is_truncated_everywhere() -> None:
    """Hillis 2007: max(Cov2 - Cov3, 0); then RRRC is RRFC, and FRRC has no such term."""
    rng = np.random.default_rng(1)
    foms = rng.normal(0.8, 0.03, (2, 3))
    covariance = np.zeros((2, 3, 2, 3))
    for i, j, k, m in itertools.product(range(2), range(3), range(2), range(3)):
        kind = (i == k, j == m)
        covariance[i, j, k, m] = {
            (True, True): 9e-4,
            (False, True): 4e-4,
            (True, False): 1e-4,
            (False, False): 2e-4,
        }[kind]
    both = obuchowski_rockette(foms, covariance)
    readers = obuchowski_rockette(foms, covariance, random="readers")
    cases = obuchowski_rockette(foms, covariance, random="cases")
    assert both.test == readers.test
    assert cases.differences[0].std_error ** 2 == pytest.approx(2 / 3 * (9e-4 - 4e-4))


def test_a_negative_variance_is_set_to_zero_and_told() -> None:
    covariance = np.zeros((2, 2, 2, 2))
    for i, j, k in itertools.product(range(2), repeat=3):
        covariance[i, j, k, j] = 1e-4 if i == k else 3e-4
    found = obuchowski_rockette(np.array([[0.8, 0.9], [0.7, 0.8]]), covariance, random="cases")
    assert found.test.p_value == 0
    assert any("negative" in text for text in found.warnings)


def test_identical_modalities_do_not_differ() -> None:
    table = vandyke()
    first = table[table["modality"] == "1"]
    found = analysis.mrmc(pd.concat([first, first.assign(modality="2")]))
    assert found.differences[0].estimate == 0
    assert found.test.p_value == 1


@pytest.mark.parametrize("random", ["readers+cases", "readers", "cases"])
@pytest.mark.parametrize("method", ["or", "dbm"])
def test_json_never_holds_nan(method: str, random: str) -> None:
    ratings = {("A", "1"): PERFECT, ("A", "2"): FLAT, ("B", "1"): PERFECT, ("B", "2"): POOR}
    found = analysis.mrmc(made(ratings, TRUTH), method=method, random=random)
    json.dumps(found.to_json(), allow_nan=False)


def test_no_read_of_a_modality_in_both_classes() -> None:
    table = vandyke()
    with pytest.raises(DataError, match="modality 2 has no reader with 2 cases of each class"):
        analysis.mrmc(table[~((table["modality"] == "2") & (table["truth"] == 1))], method="ustat")


@pytest.mark.parametrize("covariance", ["jackknife", "bootstrap"])
def test_an_infinite_likelihood_ratio_takes_half_a_case_more_and_says_so(covariance: str) -> None:
    """Reader 4 of Van Dyke misses no dissection with modality 2: 0 / 68 would be minus infinity."""
    options = Options(replicates=50)
    fom = "log_lr_negative:threshold=3"
    found = analysis.mrmc(vandyke(), fom=fom, covariance=covariance, options=options)
    assert any("half a case" in text for text in found.warnings)
    table = vandyke().query("reader == '4' and modality == '2'")
    missed = ((table["truth"] == 1) & (table["rating"] < 3)).sum()
    below = ((table["truth"] == 0) & (table["rating"] < 3)).sum()
    expected = math.log((missed + 0.5) / 46) - math.log((below + 0.5) / 70)
    estimate = next(e.estimate for e in found.foms if (e.reader, e.modality) == ("4", "2"))
    assert estimate == pytest.approx(expected, rel=1e-12)


def test_half_a_case_can_be_asked_for() -> None:
    plain = analysis.mrmc(vandyke(), fom="log_lr_positive:threshold=3")
    half = analysis.mrmc(vandyke(), fom="log_lr_positive:threshold=3,correction=half")
    assert plain.warnings == half.warnings == ()
    assert plain.foms[0].estimate != half.foms[0].estimate
    assert plain.foms[0].estimate == pytest.approx(half.foms[0].estimate, abs=0.1)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"method": "anova"}, "must be one of or, dbm, ustat"),
        ({"covariance": "guess"}, "must be one of jackknife"),
        ({"random": "both"}, "must be one of readers"),
        ({"alpha": 5}, "between 0 and 1"),
        ({"fom": "youden", "covariance": "delong"}, "'jackknife' or 'bootstrap'"),
        ({"fom": "youden", "method": "ustat"}, "'jackknife' or 'bootstrap'"),
        ({"covariance": "mle"}, "for method 'ustat'"),
        ({"margin": 0.0}, "above 0"),
        ({"options": Options(reference="9")}, "reference '9' is no modality: 1, 2"),
    ],
)
def test_options_that_do_not_exist_are_refused_with_those_that_do(
    given: dict[str, object], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        analysis.mrmc(vandyke(), **given)


@pytest.mark.parametrize(
    ("given", "words"), [({"replicates": 0}, "replicates is 0"), ({"seed": -1}, "seed is -1")]
)
def test_options_of_the_bootstrap_are_checked(given: dict[str, int], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Options(**given)  # by name
