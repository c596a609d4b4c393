"""S3: Van Dyke against MRMCaov 0.3.0: every metric, covariance and analysis."""

import numpy as np
import pytest

import analysis
from analysis.dataset import Dataset
from analysis.fom import placements
from analysis.fom.evaluate import leave_one_out
from analysis.fom.registry import parse
from analysis.multireader import covariance as covariances
from analysis.multireader.unbiased import unbiased
from analysis.results import MrmcResult
from tests.unit.analysis_mrmc.peers import RANDOM, peer, same, vandyke

METRICS = {
    "empirical_auc": "auc",
    "sens": "sens_at_spec:spec=0.8",
    "spec": "spec_at_sens:sens=0.8",
    "pauc": "pauc:fpf=0..0.3",
}
KEYS = list(peer("vandyke_mrmcaov"))
WITH_COVARIANCES = [key for key in KEYS if key.endswith(("RRRC", "FRRC"))]


def analysed(key: str) -> MrmcResult:
    metric, covariance, kind = key.split("|")
    return analysis.mrmc(
        vandyke(),
        fom=METRICS[metric],
        covariance=covariance.lower(),
        random=RANDOM[kind],
    )


@pytest.mark.parametrize("key", KEYS)
def test_figures_of_merit(key: str) -> None:
    expected = peer("vandyke_mrmcaov")[key]["fom"]
    found = {(each.modality, each.reader): each.estimate for each in analysed(key).foms}
    value = next(name for name in expected if name.startswith("empirical"))
    for modality, reader, estimate in zip(
        expected["modality"], expected["reader"], expected[value], strict=True
    ):
        same(found[modality, reader], estimate)


@pytest.mark.parametrize("key", KEYS)
def test_equality(key: str) -> None:
    expected, found = peer("vandyke_mrmcaov")[key]["test_equality"], analysed(key).test
    same(found.statistic, expected.get("F", expected.get("X2"))[0])
    same(found.df1, expected.get("df1", expected.get("df"))[0])
    same(found.p_value, expected["p-value"][0])
    if "df2" in expected:
        same(found.df2, expected["df2"][0])
    else:
        assert found.df2 is None


@pytest.mark.parametrize("key", KEYS)
def test_difference(key: str) -> None:
    expected, found = peer("vandyke_mrmcaov")[key]["test_diffs"], analysed(key).differences[0]
    same(found.estimate, expected["Estimate"][0])
    same(found.std_error, expected["StdErr"][0])
    same(found.statistic, expected.get("t", expected.get("z"))[0])
    same(found.p_value, expected["p-value"][0])
    same([found.ci_low, found.ci_high], expected["CI"][0])
    assert (
        np.isinf(found.df)
        if "df" not in expected
        else found.df == pytest.approx(expected["df"][0], rel=1e-9)
    )


@pytest.mark.parametrize("key", KEYS)
def test_single_modalities(key: str) -> None:
    expected, found = peer("vandyke_mrmcaov")[key]["test_means"], analysed(key).modalities
    same([each.estimate for each in found], expected["Estimate"])
    same([each.std_error for each in found], expected["StdErr"])
    same([[each.ci_low, each.ci_high] for each in found], expected["CI"])
    if "df" in expected:
        same([each.df for each in found], expected["df"])


@pytest.mark.parametrize("key", WITH_COVARIANCES)
def test_variance_components(key: str) -> None:
    table = peer("vandyke_mrmcaov")[key]["vcov_comps"]
    expected = dict(zip(table["name"], table["Estimate"], strict=True))
    names = {
        "var_r": "reader",
        "var_tr": "modality:reader",
        "cov1": "Cov1",
        "cov2": "Cov2",
        "cov3": "Cov3",
        "var_error": "Error",
    }
    found = analysed(key).components
    same([found[ours] for ours in names], [expected[theirs] for theirs in names.values()])


@pytest.mark.parametrize("key", [key for key in KEYS if key.endswith("FRRC")])
def test_differences_of_each_reader(key: str) -> None:
    expected, found = peer("vandyke_mrmcaov")[key]["reader_test_diffs"], analysed(key)
    for j in range(5):
        each = found.within_readers[j][0]
        same(each.estimate, expected["Estimate"][j])
        same(each.std_error, expected["StdErr"][j])
        same([each.ci_low, each.ci_high], expected["CI"][j])
        if expected["p-value"][j] is None:  # 0 over 0 in MRMCaov; here no difference is p = 1
            assert (each.estimate, each.p_value) == (0, 1)
        else:
            same(each.p_value, expected["p-value"][j])


@pytest.mark.parametrize("key", [key for key in KEYS if key.endswith("RRRC")])
def test_whole_covariance_matrix(key: str) -> None:
    metric, covariance, _ = key.split("|")
    dataset = Dataset.from_table(vandyke())
    curves, truth = dataset.ratings.reshape(10, -1), dataset.truth
    placed = placements.placements(curves, truth)
    read = np.ones(curves.shape, bool)
    if covariance == "DeLong":
        found = covariances.delong(placed, truth, read)
    elif covariance == "unbiased":
        found = unbiased(curves, truth)
    elif metric == "empirical_auc":
        found = covariances.jackknife(placements.leave_one_out(placed, truth), read)
    else:
        found = covariances.jackknife(leave_one_out(parse(METRICS[metric]), curves, truth), read)
    same(found, peer("vandyke_mrmcaov")[key]["cov_matrix"])


@pytest.mark.parametrize(("name", "axis"), [("case2", "reader"), ("case3", "modality")])
def test_cases_nested(name: str, axis: str) -> None:
    table = vandyke()
    found = analysis.mrmc(table.assign(case=table["case"] + "." + table[axis]))
    expected = peer("vandyke_nested_mrmcaov")[name]
    assert found.design == f"cases nested in {'readers' if axis == 'reader' else 'modalities'}"
    test = expected["test_equality"]
    same(found.test.statistic, test["F"][0])
    same(found.test.df2, test["df2"][0])
    same(found.test.p_value, test["p-value"][0])
    same(found.differences[0].std_error, expected["test_diffs"]["StdErr"][0])
    same(
        [found.differences[0].ci_low, found.differences[0].ci_high], expected["test_diffs"]["CI"][0]
    )
    same([each.std_error for each in found.modalities], expected["test_means"]["StdErr"])
    same([each.df for each in found.modalities], expected["test_means"]["df"])
    components = dict(
        zip(expected["vcov_comps"]["name"], expected["vcov_comps"]["Estimate"], strict=True)
    )
    names = ("var_r", "var_tr", "var_error", "cov1", "cov2", "cov3")
    same([found.components[each] for each in names], list(components.values()))
