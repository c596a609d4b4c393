"""S3: Van Dyke against RJafroc 2.1.3: Obuchowski-Rockette and DBM, each analysis."""

from typing import Any

import numpy as np
import pytest

import analysis
from analysis.dataset import Dataset
from analysis.fom import placements
from analysis.multireader.dbm import mean_squares, pseudo_values
from analysis.results import MrmcResult
from tests.unit.analysis_mrmc.peers import RANDOM, peer, same, vandyke

KEYS = list(peer("vandyke_rjafroc"))


def analysed(key: str) -> tuple[MrmcResult, dict[str, Any], str]:
    _, method, covariance, kind = key.split("|")
    found = analysis.mrmc(
        vandyke(), method=method.lower(), covariance=covariance, random=RANDOM[kind]
    )
    return found, peer("vandyke_rjafroc")[key], kind


@pytest.mark.parametrize("key", KEYS)
def test_equality(key: str) -> None:
    found, expected, kind = analysed(key)
    table = expected[kind]["FTests"]
    statistic = next(table[name] for name in ("FStat", "F", "Chisq") if name in table)
    same(found.test.statistic, statistic[0])
    same(found.test.p_value, table["p"][0])
    same(found.test.df1, table["DF"][0])
    if table["DF"][1] is not None:
        same(found.test.df2, table["DF"][1])


@pytest.mark.parametrize("key", KEYS)
def test_differences_and_single_modalities(key: str) -> None:
    found, expected, kind = analysed(key)
    difference, table = found.differences[0], expected[kind]["ciDiffTrt"]
    same(difference.estimate, table["Estimate"][0])
    same(difference.std_error, table["StdErr"][0])
    same(difference.ci_low, table["CILower"][0])
    same(difference.ci_high, table["CIUpper"][0])
    same(difference.p_value, next(table[name][0] for name in table if name.startswith("PrGT")))
    single = expected[kind]["ciAvgRdrEachTrt"]
    same([each.std_error for each in found.modalities], single["StdErr"])
    same([each.ci_low for each in found.modalities], single["CILower"])
    same([each.ci_high for each in found.modalities], single["CIUpper"])


@pytest.mark.parametrize("key", [key for key in KEYS if key.endswith("FRRC")])
def test_differences_of_each_reader(key: str) -> None:
    found, expected, _ = analysed(key)
    table = expected["FRRC"]["ciDiffTrtEachRdr"]
    for j in range(5):
        each = found.within_readers[j][0]
        same(each.std_error, table["StdErr"][j])
        same(each.ci_low, table["CILower"][j])
        same(each.p_value, next(table[name][j] for name in table if name.startswith("PrGT")))


@pytest.mark.parametrize("key", [key for key in KEYS if "|DBM|" in key])
def test_dbm_components_are_dbms_own(key: str) -> None:
    found, expected, _ = analysed(key)
    same(list(found.components.values()), expected["ANOVA"]["VarCom"]["Estimates"])


def test_dbm_mean_squares() -> None:
    dataset = Dataset.from_table(vandyke())
    placed = placements.placements(dataset.ratings.reshape(10, -1), dataset.truth)
    foms = placements.empirical_auc(placed, dataset.truth).reshape(2, 5)
    left_out = placements.leave_one_out(placed, dataset.truth).reshape(2, 5, -1)
    values = pseudo_values(foms, left_out)
    expected = peer("vandyke_rjafroc")["Wilcoxon|DBM|jackknife|RRRC"]["ANOVA"]["TRCanova"]["MS"]
    same(list(mean_squares(values).values()), expected[:-1])
    np.testing.assert_allclose(values.mean(axis=2), foms, rtol=1e-13)


def test_or_components_are_those_of_rjafroc() -> None:
    found, expected, _ = analysed("Wilcoxon|OR|jackknife|RRRC")
    table = expected["ANOVA"]["VarCom"]
    ours = ("var_r", "var_tr", "cov1", "cov2", "cov3", "var_error")
    same([found.components[name] for name in ours], table["Estimates"])


def test_mean_squares_and_each_modality_and_reader_by_itself() -> None:
    found, expected, _ = analysed("Wilcoxon|OR|jackknife|RRRC")
    tree, anova = found.to_json(), expected["ANOVA"]
    same(list(tree["mean_squares"].values()), anova["TRanova"]["MS"])
    for kind, table, columns in (
        (
            "modalities",
            "IndividualTrt",
            {"ms_r": "msREachTrt", "var_error": "varEachTrt", "cov2": "cov2EachTrt"},
        ),
        (
            "readers",
            "IndividualRdr",
            {"ms_t": "msTEachRdr", "var_error": "varEachRdr", "cov1": "cov1EachRdr"},
        ),
    ):
        for ours, theirs in columns.items():
            same([row[ours] for row in tree["parts"][kind]], anova[table][theirs])


def test_headline_values_of_van_dyke() -> None:
    """The numbers that papers quote, to the last digit they were computed with."""
    found = analysis.mrmc(vandyke())
    same(found.test.statistic, 4.456318693157258)
    same(found.test.df2, 15.259674589141575)
    same(found.test.p_value, 0.05166568581929443)
    same(found.differences[0].estimate, -0.043800322061191554)
    same(found.differences[0].ci_low, -0.0879594985665545)
    same(found.differences[0].ci_high, 0.00035885444417138)
