"""S9: Lesion sensitivity by size."""

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.freeresponse.data import FrocData
from analysis.freeresponse.lesions import by_size, differences_by_size, labels
from analysis.simulation.search import SearchModel
from analysis.simulation.study import StudyModel, simulate


@pytest.fixture(scope="module")
def data() -> FrocData:
    model = StudyModel(search=SearchModel(ai_logit_nu=1.2))
    study = simulate(model, readers=4, healthy=10, diseased=60, seed=4)
    return FrocData.from_tables(study.marks, study.truth)


def test_bins_are_those_of_the_field_and_their_lower_edge_belongs_to_them() -> None:
    assert labels() == ("< 3 mm", "3-5 mm", "5-10 mm", "≥ 10 mm")
    truth = pd.DataFrame(
        {"case": [1, 2, 3, 4], "truth": [1, 1, 0, 0], "lesion": [1, 1, 0, 0],
         "diameter_mm": [3.0, 2.9, None, None]}
    )  # fmt: skip
    marks = pd.DataFrame(
        {"reader": ["A"], "modality": ["m"], "case": [1], "lesion": [1], "rating": [50]}
    )
    found = {each.label: each for each in by_size(FrocData.from_tables(marks, truth))}
    assert (found["3-5 mm"].lesions, found["3-5 mm"].estimate) == (1, 1.0)
    assert (found["< 3 mm"].lesions, found["< 3 mm"].estimate) == (1, 0.0)
    assert found["≥ 10 mm"].estimate is None


def test_counts_add_up_to_all_lesions_and_all_marks_on_them(data: FrocData) -> None:
    bins = [each for each in by_size(data) if each.modality == "ai"]
    assert sum(each.lesions for each in bins) == len(data.lesion_id)
    i = data.modalities.index("ai")
    assert sum(each.found for each in bins) == int(np.isfinite(data.ll[i]).sum())
    assert sum(each.reads for each in bins) == 4 * len(data.lesion_id)


def test_intervals_hold_their_estimates_and_lie_between_0_and_1(data: FrocData) -> None:
    for each in by_size(data):
        if each.lesions:
            assert 0 <= each.ci_low <= each.estimate <= each.ci_high <= 1


def test_differences_are_those_of_the_sensitivities(data: FrocData) -> None:
    levels = {(each.modality, each.label): each.estimate for each in by_size(data)}
    for row in differences_by_size(data, "control"):
        expected = levels["ai", row.label] - levels["control", row.label]
        assert row.estimate == pytest.approx(expected, abs=1e-12)
        assert row.ci_low <= row.estimate <= row.ci_high


def test_help_for_all_sizes_is_seen_in_the_largest_bin_of_lesions(data: FrocData) -> None:
    rows = differences_by_size(data, "control")
    most = max(rows, key=lambda row: row.lesions)
    assert most.p_value < 0.01
    assert most.estimate > 0


def test_swapping_the_modalities_turns_the_differences_round(data: FrocData) -> None:
    there, back = (differences_by_size(data, name) for name in ("control", "ai"))
    for one, other in zip(there, back, strict=True):
        assert one.estimate == pytest.approx(-other.estimate, abs=1e-12)
        assert one.p_value == pytest.approx(other.p_value, rel=1e-9)


def test_an_unknown_reference_is_refused(data: FrocData) -> None:
    with pytest.raises(analysis.DataError, match="No modality 'x'"):
        differences_by_size(data, "x")
