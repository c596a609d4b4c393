"""S12: Power and sample size against RJafroc 2.1.3 on Van Dyke, and against simulation."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import analysis
from analysis.planning.by_simulation import froc_power, roc_power
from analysis.planning.components import Components, conjectured, from_result
from analysis.planning.study import Plan, cases_for, power_of, readers_for
from analysis.simulation.roe_metz import dataset, with_auc
from analysis.simulation.search import SearchModel
from analysis.simulation.study import StudyModel

REFERENCE = Path(__file__).parents[2] / "data" / "reference"


def load(name: str) -> Any:
    return json.loads((REFERENCE / name).read_text())


@pytest.fixture(scope="module")
def pilot() -> Components:
    table = load("vandyke_rjafroc.json")["results"]["Wilcoxon|OR|jackknife|RRRC"]
    names = ("var_r", "var_tr", "cov1", "cov2", "cov3", "var_error")
    values = dict(zip(names, table["ANOVA"]["VarCom"]["Estimates"], strict=True))
    effect = abs(table["FOMs"]["trtMeanDiffs"]["Estimate"][0])
    return Components(**values, n_cases=114, effect=effect)


@pytest.mark.parametrize("readers", [5, 6, 8, 10])
@pytest.mark.parametrize("cases", [114, 200, 300])
def test_rjafrocs_power_is_matched(pilot: Components, readers: int, cases: int) -> None:
    expected = load("vandyke_power_rjafroc.json")["power"][f"J{readers}K{cases}"]
    found = analysis.power(pilot, readers=readers, cases=cases).rows[0]
    assert found.power == pytest.approx(expected["powerRRRC"][0], rel=1e-9)
    assert found.ncp == pytest.approx(expected["ncpRRRC"][0], rel=1e-9)
    assert found.df2 == pytest.approx(expected["df2RRRC"][0], rel=1e-9)
    assert found.critical == pytest.approx(expected["fRRRC"][0], rel=1e-9)


@pytest.mark.parametrize("readers", [6, 8, 10])
def test_rjafrocs_number_of_cases_is_matched(pilot: Components, readers: int) -> None:
    expected = load("vandyke_power_rjafroc.json")["K_for_80"][f"J{readers}"]
    found = cases_for(pilot, Plan(pilot.effect or 0.0), readers=readers)
    assert found is not None
    assert found[0] == expected["KRRRC"][0]
    assert found[1].power == pytest.approx(expected["powerRRRC"][0], rel=1e-9)


def test_the_pilots_own_size_gives_its_own_f_statistic(pilot: Components) -> None:
    assert power_of(pilot, Plan(pilot.effect or 0.0), 5, 114).ncp == pytest.approx(
        4.456318693157258, rel=1e-9
    )


@pytest.mark.parametrize("design", ["crossed", "parallel", "split-plot"])
def test_the_variance_of_the_difference_is_that_of_the_model(
    pilot: Components, design: Any
) -> None:
    # Draw figures of merit from the Obuchowski-Rockette model itself and compare.
    readers, cases, groups = 4, 200, 2 if design == "split-plot" else 1
    plan = Plan(0.05, design, groups)
    expected = power_of(pilot, plan, readers, cases).std_error ** 2
    rng = np.random.default_rng(3)
    modality, reader, group = _layout(design, readers, groups)
    variance = _model(pilot, (modality, reader, group), pilot.n_cases * groups / cases)
    drawn = rng.multivariate_normal(np.zeros(len(modality)), variance, size=40_000)
    difference = drawn[:, modality == 1].mean(axis=1) - drawn[:, modality == 0].mean(axis=1)
    assert difference.var() == pytest.approx(expected, rel=0.03)


def _layout(design: str, readers: int, groups: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    names = np.arange(readers)
    if design == "parallel":
        return (names >= readers // 2).astype(int), names, np.zeros(readers, int)
    group = names * groups // readers
    return np.repeat([0, 1], readers), np.tile(names, 2), np.tile(group, 2)


def _model(
    pilot: Components, layout: tuple[np.ndarray, np.ndarray, np.ndarray], scale: float
) -> np.ndarray:
    modality, reader, group = (np.equal.outer(each, each) for each in layout)
    error = np.where(
        modality,
        np.where(reader, pilot.var_error, pilot.cov2),
        np.where(reader, pilot.cov1, pilot.cov3),
    )
    random = pilot.var_r * reader + pilot.var_tr * (reader & modality)
    return np.asarray(random + scale * error * group, dtype=float)


def test_non_inferiority_is_superiority_shifted_by_its_margin(pilot: Components) -> None:
    shifted = power_of(pilot, Plan(0.05), 6, 200).power
    found = power_of(pilot, Plan(0.0, hypothesis="non_inferiority", margin=0.05), 6, 200).power
    # the two-sided test also rejects in the wrong tail, with a probability below alpha / 2
    assert 0 <= shifted - found < 0.001


def test_power_grows_with_readers_and_cases_and_never_leaves_the_unit_interval(
    pilot: Components,
) -> None:
    found = analysis.power(pilot, readers=[3, 5, 9, 15], cases=[40, 120, 400])
    table = found.frame().pivot_table(index="readers", columns="cases", values="power").to_numpy()
    assert (np.diff(table, axis=0) > 0).all()
    assert (np.diff(table, axis=1) > 0).all()
    assert ((table > 0.04) & (table < 1)).all()
    assert "9 readers and 400 cases" in found.statement()
    assert found.plot().axes[0].get_xlabel() == "Cases"


def test_readers_for_gives_the_first_number_that_suffices(pilot: Components) -> None:
    plan = Plan(0.05)
    found = readers_for(pilot, plan, cases=200, target=0.8)
    assert found is not None
    number, row = found
    assert row.power >= 0.8 > power_of(pilot, plan, number - 1, 200).power


def test_no_number_of_cases_is_enough_when_readers_limit_the_power(pilot: Components) -> None:
    assert cases_for(pilot, Plan(0.01), readers=3, target=0.9) is None


def test_the_conjectured_variance_of_an_auc_errs_on_the_safe_side_by_less_than_half() -> None:
    rng = np.random.default_rng(2)
    diseased, healthy = rng.normal(1.5, 1, (4000, 60)), rng.normal(0, 1, (4000, 60))
    aucs = (diseased[:, :, None] > healthy[:, None, :]).mean(axis=(1, 2))
    found = conjectured(float(aucs.mean()), diseased=60, healthy=60)
    assert aucs.var() < found.var_error < 1.5 * aucs.var()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"effect": 0.0}, "effect of 0"),
        ({"hypothesis": "equivalence"}, "margin above 0"),
        ({"design": "nested"}, "unknown"),
        ({"design": "parallel", "readers": 5}, "shared evenly"),
        ({"readers": 1}, "two readers"),
        ({"alpha": 2.0}, "alpha"),
    ],
)
def test_plans_that_cannot_be_are_refused(
    pilot: Components, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(analysis.DataError, match=message):
        analysis.power(pilot, **{"readers": 4, "cases": 100, **options})


def test_negative_variances_count_as_nothing_and_are_said() -> None:
    odd = Components(-0.001, 0.001, 0.0004, 0.0002, 0.0003, 100, effect=0.03)
    found = analysis.power(odd, readers=5, cases=100)
    assert len(found.warnings) == 2
    assert 0 < found.rows[0].power < 1


def test_power_by_formula_is_power_by_simulation() -> None:
    # Pilot components from a large simulated study, then the formula against new studies.
    model = with_auc(0.8, "HL", gain=0.07)
    big = dataset(
        model, readers=60, healthy=300, diseased=300, rng=np.random.default_rng(1)
    )  # fmt: skip
    pilot = from_result(analysis.mrmc(big))
    effect = model.auc(with_ai=True) - model.auc()
    formula = analysis.power(pilot, readers=5, cases=80, effect=effect).rows[0].power
    drawn = roc_power(model, readers=5, healthy=40, diseased=40, trials=300, seed=2)
    assert drawn.failed == 0
    assert drawn.ci_low - 0.04 < formula < drawn.ci_high + 0.04


def test_power_of_marks_grows_with_the_effect() -> None:
    small, large = (
        froc_power(
            StudyModel(search=SearchModel(ai_logit_nu=gain)),
            readers=3, healthy=15, diseased=15, trials=25,
        )
        for gain in (0.0, 2.5)
    )  # fmt: skip
    assert large.power > small.power + 0.3
