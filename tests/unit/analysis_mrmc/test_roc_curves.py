"""S1: ROC curves of a study, empirical and fitted, with their averages and a page."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import analysis
from analysis.__main__ import main
from analysis.fits.binormal import Binormal, fit_binormal
from analysis.tables import DataError
from tests.unit.analysis_mrmc.peers import REFERENCE, peer, vandyke
from tests.unit.analysis_mrmc.test_fits import best_at, counts


@pytest.mark.parametrize("kind", ["empirical", "binormal", "contaminated"])
@pytest.mark.parametrize("average", ["vertical", "diagonal"])
def test_the_area_of_an_average_is_the_mean_area(kind: str, average: str) -> None:
    found = analysis.roc_curves(vandyke(), kind=kind, average=average)
    for mean in found.averages:
        own = [each.auc for each in found.curves if each.modality == mean.modality]
        assert mean.auc == pytest.approx(np.mean(own), abs=2e-5 if kind != "empirical" else 1e-12)


def test_empirical_areas_and_fits_are_those_of_the_peers() -> None:
    empirical, fitted = (
        analysis.roc_curves(vandyke()),
        analysis.roc_curves(vandyke(), kind="binormal"),
    )
    expected = peer("vandyke_mrmcaov")["empirical_auc|jackknife|RRRC"]["fom"]["empirical_auc"]
    areas = {(each.modality, each.reader): each.auc for each in empirical.curves}
    assert sorted(areas.values()) == pytest.approx(sorted(expected), rel=1e-12)
    theirs = peer("vandyke_fits_rjafroc")["m1r1"]["bm"]
    assert fitted.curves[0].parameters["a"] == pytest.approx(theirs["a"], rel=1e-4)
    assert fitted.curves[0].std_error == pytest.approx(theirs["StdAUC"][0][0], rel=1e-4)


def test_a_parameters_standard_error_is_the_curvature_of_its_profile() -> None:
    fit = fit_binormal(*counts(0, 0))
    a, b = fit.parameters["a"], fit.parameters["b"]
    step = 0.2 * fit.std_errors["a"]
    # The other parameter moves along: its best value given a is a line through the maximum.
    slope = fit.covariance[1, 0] / fit.covariance[0, 0]
    drop = fit.log_likelihood - np.mean(
        [best_at(Binormal(), [a + s, b + slope * s], 0, 0) for s in (step, -step)]
    )
    assert drop == pytest.approx(step**2 / (2 * fit.std_errors["a"] ** 2), rel=0.02)


def test_curves_run_from_corner_to_corner_and_never_fall() -> None:
    for kind in ("empirical", "binormal", "contaminated"):
        found = analysis.roc_curves(vandyke(), kind=kind)
        for each in (*found.curves, *found.averages):
            ends = each.fpf[0], each.tpf[0], each.fpf[-1], each.tpf[-1]
            assert ends == pytest.approx((0, 0, 1, 1), abs=1e-12)
            assert np.diff(each.fpf).min() >= 0
            assert np.diff(each.tpf).min() >= 0


def test_the_degenerate_reader_is_named_and_drawn() -> None:
    found = analysis.roc_curves(vandyke(), kind="binormal")
    assert any(text.startswith("reader 4, modality 2: no operating") for text in found.warnings)
    reader = next(each for each in found.curves if (each.modality, each.reader) == ("2", "4"))
    assert reader.auc == pytest.approx(0.999355877616747)
    assert reader.std_error is None
    assert math.isnan(reader.std_errors["a"])
    json.dumps(found.to_json(), allow_nan=False)


def test_a_pooled_fit_has_no_standard_error() -> None:
    """Its readers share cases, which the likelihood does not know."""
    found = analysis.roc_curves(vandyke(), kind="binormal", average="pooled")
    assert all(each.std_error is None and not each.std_errors for each in found.averages)


def test_the_result_has_its_views() -> None:
    found = analysis.roc_curves(vandyke())
    assert len(found.frame()) == 12
    assert set(found.frame("points")) == {"modality", "reader", "fpf", "tpf"}
    assert found.statement().startswith("ROC curves of 5 readers; the area under the vertical")
    assert len(found.plot().axes[0].lines) == 13  # the diagonal, ten readers, two averages


@pytest.mark.parametrize(
    ("given", "words"), [({"kind": "proper"}, "must be one of"), ({"average": "mean"}, "one of")]
)
def test_what_does_not_exist_is_refused(given: dict[str, str], words: str) -> None:
    with pytest.raises(DataError, match=words):
        analysis.roc_curves(vandyke(), **given)


def test_the_command_prints_and_writes_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "roc.html"
    words = ["roc", str(REFERENCE / "vandyke.csv"), "--fit", "contaminated"]
    assert main([*words, "--json", "--report", str(page)]) == 0
    assert len(json.loads(capsys.readouterr().out)["curves"]) == 10
    assert "<svg" in page.read_text("utf-8")
    assert main(words) == 0
    assert "alpha" in capsys.readouterr().out


def test_the_page_of_mrmc_has_its_curves_and_every_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "out.html"
    assert main(["mrmc", str(REFERENCE / "vandyke.csv"), "--report", str(page)]) == 0
    capsys.readouterr()
    text = page.read_text("utf-8")
    assert text.count("<svg") == 2
    for heading in (
        "Differences (A less B)",
        "Modalities",
        "Readers, each modality",
        "Components of variance",
    ):
        assert f"<h2>{heading}</h2>" in text
    assert "<h2>Margins</h2>" not in text  # none was asked for
