"""S8: Practice, fatigue and reads that were cut off."""

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.simulation.study import StudyModel, TimeModel, simulate
from analysis.times.censored import hazard_ratios
from analysis.times.learning import fatigue_curve, learning_curve


@pytest.fixture(scope="module")
def reads() -> pd.DataFrame:
    times = TimeModel(ratio=0.8, learning=-0.15, period=0.0, residual_sd=0.15)
    study = simulate(StudyModel(times=times), readers=8, healthy=20, diseased=20, seed=6)
    return study.reads


def test_practice_shows_as_a_falling_curve(reads: pd.DataFrame) -> None:
    first_period = reads[reads["period"] == 1]
    curve = learning_curve(first_period, steps=4)
    for name in ("control", "ai"):
        ratios = [step.ratio for step in curve if step.modality == name]
        assert len(ratios) == 4
        assert ratios[0] == max(ratios) > 1.1
        assert ratios[-1] < 1


def test_every_read_is_in_one_step(reads: pd.DataFrame) -> None:
    curve = learning_curve(reads, steps=5)
    assert sum(step.reads for step in curve) == len(reads)


def test_fatigue_is_counted_from_the_start_of_each_sitting(reads: pd.DataFrame) -> None:
    place = (reads["order"] - 1) % 10
    tired = reads.assign(session=(reads["order"] - 1) // 10, active_s=60.0 * 1.1**place)
    curve = fatigue_curve(tired, steps=2)
    early, late = curve[0], curve[-1]
    assert (early.first, late.last) == (1, 10)
    assert late.ratio / early.ratio > 1.3


def test_one_reader_has_no_interval(reads: pd.DataFrame) -> None:
    curve = learning_curve(reads[reads["reader"] == "R1"], steps=2)
    assert all(step.ci_low is None for step in curve)


def test_censored_reads_do_not_hide_the_effect(reads: pd.DataFrame) -> None:
    limit = float(reads["active_s"].quantile(0.8))
    cut = reads.assign(
        censored=(reads["active_s"] > limit).astype(int),
        active_s=reads["active_s"].clip(upper=limit),
    )
    found = hazard_ratios(cut, reference="control")[0]
    assert (found.modality_b, found.n_reads) == ("ai", len(reads))
    assert found.n_censored == int(cut["censored"].sum()) > 0
    assert found.ci_low > 1
    assert found.p_value < 0.001


def test_without_an_effect_the_hazard_ratio_is_near_one() -> None:
    study = simulate(
        StudyModel(times=TimeModel(ratio=1.0, reader_arm_sd=0.0)),
        readers=8, healthy=20, diseased=20, seed=8,
    )  # fmt: skip
    found = hazard_ratios(study.reads.assign(censored=0), reference="control")[0]
    assert found.ci_low < 1 < found.ci_high


def test_what_cannot_be_said_is_refused(reads: pd.DataFrame) -> None:
    with pytest.raises(analysis.DataError, match="column censored"):
        hazard_ratios(reads)
    with pytest.raises(analysis.DataError, match="was finished"):
        hazard_ratios(reads.assign(censored=np.where(reads["modality"] == "ai", 1, 0)))
    with pytest.raises(analysis.DataError, match="session"):
        fatigue_curve(reads.drop(columns="session"))
    with pytest.raises(analysis.DataError, match="one step"):
        learning_curve(reads, steps=0)
