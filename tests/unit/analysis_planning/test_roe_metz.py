"""S12: what the Roe-Metz model means for Obuchowski-Rockette, and variances by name."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import analysis
from analysis.__main__ import main
from analysis.fom import placements
from analysis.io.tables import read_table
from analysis.multireader.unbiased import unbiased
from analysis.planning.by_simulation import reads_of, roc_power
from analysis.planning.components import Components, from_result
from analysis.planning.published import NAMES, STUDIES, published
from analysis.planning.roe_metz import _both_below, of_roe_metz, to_roe_metz
from analysis.planning.study import Plan
from analysis.simulation.roe_metz import RoeMetz, dataset, with_auc

REFERENCE = Path(__file__).parents[2] / "data" / "reference"
ERRORS = ("var_error", "cov1", "cov2", "cov3")


@pytest.mark.parametrize("h", [-1.1, 0.0, 0.4])
@pytest.mark.parametrize("k", [-0.3, 0.4, 2.0])
@pytest.mark.parametrize("rho", [0.0, 0.35, 0.9])
def test_bivariate_normal_probabilities_are_scipys(h: float, k: float, rho: float) -> None:
    expected = stats.multivariate_normal.cdf([h, k], cov=[[1, rho], [rho, 1]])
    assert _both_below(h, k, rho) == pytest.approx(float(expected), abs=1e-8)


@pytest.mark.parametrize("b", [1.0, 0.7])
def test_s12_the_models_components_are_the_mean_of_unbiased_estimates(b: float) -> None:
    model = RoeMetz(1.2, 0.4, 0.05, 0.03, 0.3, 0.1, 0.2, 0.4, b=b)
    rng, rows, aucs = np.random.default_rng(0), [], []
    for _ in range(1200):
        data = dataset(model, readers=2, healthy=10, diseased=8, rng=rng)
        curves = data.ratings.reshape(4, -1)
        own = unbiased(curves, data.truth).reshape(2, 2, 2, 2)
        rows.append(
            [
                np.einsum("ijij->", own) / 4,
                np.einsum("jj->", own[0, :, 1, :]) / 2,
                (own[0, 0, 0, 1] + own[1, 0, 1, 1]) / 2,
                (own[0, 0, 1, 1] + own[0, 1, 1, 0]) / 2,
            ]
        )
        placed = placements.placements(curves, data.truth)
        aucs.append(placements.empirical_auc(placed, data.truth))
    exact = of_roe_metz(model, healthy=10, diseased=8)
    mean, error = np.mean(rows, axis=0), np.std(rows, axis=0) / np.sqrt(len(rows))
    for name, found, off in zip(ERRORS, mean, error, strict=True):
        assert abs(found - getattr(exact, name)) < 4 * off
    spread = np.cov(np.transpose(aucs))
    whole = exact.var_r + exact.var_tr + exact.var_error
    assert np.trace(spread) / 4 == pytest.approx(whole, rel=0.12)
    assert (spread[0, 2] + spread[1, 3]) / 2 == pytest.approx(exact.var_r + exact.cov1, rel=0.2)


@pytest.mark.parametrize("b", [1.0, 0.6])
def test_s12_there_and_back_is_the_same_model(b: float) -> None:
    model = RoeMetz(1.5, 0.0, 0.04, 0.02, 0.35, 0.15, 0.1, 0.4, b=b)
    parts = of_roe_metz(model, healthy=60, diseased=40)
    back, said = to_roe_metz(parts, model.auc(), healthy=60, diseased=40, b=b)
    for name in ("mu", "var_r", "var_tr", "var_c", "var_tc", "var_rc", "var_e"):
        assert getattr(back, name) == pytest.approx(getattr(model, name), abs=1e-7)
    assert said == ("The model's error variance is 1.00 times that of the components.",)


def test_components_that_no_model_has_are_mended_and_said() -> None:
    odd = Components(-0.001, 0.001, 0.0008, 0.0009, 0.0002, 100, var_r=-0.1)
    model, said = to_roe_metz(odd, 0.8, healthy=50, diseased=50, gain=0.05)
    assert (model.var_r, model.var_tr) == (0.0, 0.0)
    assert model.auc() == pytest.approx(0.8)
    assert model.auc(with_ai=True) == pytest.approx(0.85)
    assert any("lowered" in words for words in said)
    swapped = Components(0.0, 0.001, -0.0001, 0.0001, 0.0003, 100)
    assert any("order" in words for words in to_roe_metz(swapped, 0.8, healthy=9, diseased=9)[1])
    with pytest.raises(analysis.DataError, match="too large"):
        to_roe_metz(Components(0.5, 0.001, 0, 0, 0, 100), 0.8, healthy=9, diseased=9)


def test_s12_published_variances_are_those_of_the_published_data() -> None:
    pilot = from_result(analysis.mrmc(read_table(REFERENCE / "vandyke.csv")))
    named = published("van-dyke")
    marks, truth = (read_table(REFERENCE / f"federica_{name}.csv") for name in ("marks", "truth"))
    pairs = [(pilot, named)]
    for fom in ("wafroc", "afroc", "hrauc"):
        result = analysis.froc(marks, truth, fom=fom)
        pairs.append((from_result(result), published(f"federica-{fom}")))
        mean = np.mean([each.estimate for each in result.modalities])
        assert STUDIES[f"federica-{fom}"].mean == pytest.approx(mean, abs=1e-5)
    for own, known in pairs:
        for name in (*ERRORS, "var_tr", "var_r"):
            assert getattr(own, name) == pytest.approx(getattr(known, name), rel=1e-9)
        assert own.n_cases == known.n_cases


def test_names_and_aucs_that_do_not_fit_are_refused() -> None:
    for name, auc, message in (
        ("nobody", None, "there are van-dyke"),
        ("van-dyke", 0.8, "of its own"),
        ("roe-metz-HL", None, "needs the expected AUC"),
    ):
        with pytest.raises(analysis.DataError, match=message):
            published(name, auc=auc)
    assert all(published(name, auc=None if name in STUDIES else 0.8).source for name in NAMES)


def test_designs_share_readers_and_cases_out() -> None:
    truth = np.arange(12) >= 6
    parallel = reads_of(Plan(0.05, "parallel"), 4, truth)
    assert parallel.any(axis=2).tolist() == [[True, True, False, False], [False, False, True, True]]
    split = reads_of(Plan(0.05, "split-plot", 2), 4, truth)
    assert (split.sum(axis=2) == 6).all()
    assert (split[0].sum(axis=0) == 2).all()
    assert all(truth[row].sum() == 3 for row in split[0])
    with pytest.raises(analysis.DataError, match="2 arms"):
        reads_of(Plan(0.05, "parallel"), 5, truth)


@pytest.mark.parametrize(
    ("design", "hypothesis"), [("parallel", "superiority"), ("split-plot", "non_inferiority")]
)
def test_s12_the_formula_of_each_design_is_its_simulation(design: Any, hypothesis: Any) -> None:
    gain = 0.12 if hypothesis == "superiority" else 0.0
    model = with_auc(0.78, "LL", gain=gain)
    parts = of_roe_metz(model, healthy=60, diseased=60)
    options: dict[str, Any] = {"design": design, "hypothesis": hypothesis, "margin": 0.08}
    groups = 2 if design == "split-plot" else 1
    formula = analysis.power(
        parts, readers=6, cases=120, effect=gain, groups=groups, **options
    ).rows[0]
    plan = Plan(gain, groups=groups, **options)
    drawn = roc_power(model, readers=6, healthy=60, diseased=60, plan=plan, trials=150, seed=1)
    assert drawn.failed == 0
    assert drawn.ci_low - 0.05 < formula.power < drawn.ci_high + 0.05
    assert drawn.mean_effect == pytest.approx(gain, abs=0.03)


def test_s12_the_command_plans_by_name_finds_readers_and_simulates(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["power", "--published", "roe-metz-LL", "--auc", "0.85", "--effect", "0.05"]
    assert main([*words, "--cases", "200", "--target", "0.8", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["power"][0]["power"] >= 0.8
    assert main([*words, "--cases", "60", "--readers", "4", "--simulate", "20"]) == 0
    assert "By simulation of 20 studies" in capsys.readouterr().out
    assert main(["power", "--list-published"]) == 0
    assert "Van Dyke 1993" in capsys.readouterr().out
    assert main(["power", "--readers", "4", "--cases", "60"]) == 2
    assert "--pilot, --published, --search or --auc" in capsys.readouterr().err


def test_s12_a_pilot_of_marks_plans_a_study_of_marks(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["power", "--pilot", str(REFERENCE / "federica_marks.csv"), "--fom", "wafroc"]
    truth = ["--truth", str(REFERENCE / "federica_truth.csv")]
    assert main([*words, *truth, "--readers", "6", "--cases", "200", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["components"]["var_error"] == pytest.approx(0.000928083651152081, rel=1e-9)
    assert main([*words, "--readers", "6", "--cases", "200"]) == 2
    assert "--truth" in capsys.readouterr().err
