"""Counting by the centroids' distance: by hand, and against trying every assignment."""

from itertools import combinations, permutations
from pathlib import Path

import numpy as np
import pytest

import inference
from analysis.matching import MatchError
from inference import detector as detectors
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.distances import DistanceRule, Places, places_of
from inference.metrics import CaseScore
from inference.phantom import PhantomCase
from inference.preprocess import Prepared, resample_labels
from inference.training import evaluate, records
from inference.training.cases import Examination
from inference.training.records import Timed
from inference.training.summary import summary

pytestmark = pytest.mark.once


def row_of(scores: list[float], candidates: list[float], lesions: list[float]) -> Places:
    """Candidates and lesions on a line, mm."""
    return places_of(
        scores,
        [(at, 0.0, 0.0) for at in candidates],
        [(at, 0.0, 0.0) for at in lesions],
    )


def test_the_radius_itself_is_a_hit_and_a_little_more_is_not() -> None:
    places = row_of([2.0, 1.0], [5.0, 40.0], [0.0])
    at = DistanceRule(5.0).count(places, np.array([4.0]))
    assert at.hits.tolist() == [2.0]
    assert at.false_scores.tolist() == [1.0]
    within = DistanceRule(4.99).count(places, np.array([4.0]))
    assert within.hits.tolist() == [-np.inf]
    assert within.false_scores.tolist() == [2.0, 1.0]


def test_one_candidate_between_two_lesions_finds_one_or_both_as_the_rule_says() -> None:
    places = row_of([3.0], [1.0], [0.0, 4.0])
    sizes = np.array([3.0, 3.0])
    assert DistanceRule(5.0).count(places, sizes).hits.tolist() == [3.0, -np.inf]
    both = DistanceRule(5.0, one_to_one=False).count(places, sizes)
    assert both.hits.tolist() == [3.0, 3.0]
    assert both.diameters_mm.tolist() == [3.0, 3.0]


@pytest.mark.parametrize("one_to_one", [True, False])
def test_a_second_candidate_on_a_found_lesion_is_neither(*, one_to_one: bool) -> None:
    found = DistanceRule(5.0, one_to_one).count(
        row_of([1.0, 2.0], [3.0, 1.0], [0.0]), np.array([6.0])
    )
    assert found.hits.tolist() == [2.0]  # the nearer one
    assert found.false_scores.size == 0


@pytest.mark.parametrize("sizes", [(0, 0), (0, 2), (2, 0)])
def test_a_case_without_lesions_or_candidates_is_counted(sizes: tuple[int, int]) -> None:
    n, m = sizes
    places = row_of([1.0] * n, [0.0] * n, [50.0] * m)
    found = DistanceRule().count(places, np.full(m, 4.0))
    assert found.hits.tolist() == [-np.inf] * m
    assert found.false_scores.tolist() == [1.0] * n


def test_a_radius_that_finds_nothing_is_refused() -> None:
    with pytest.raises(MatchError, match="radius_mm is 0"):
        DistanceRule(0.0)


def best(away: np.ndarray, radius: float) -> tuple[int, set[tuple[tuple[int, int], ...]]]:
    """Every set of pairs tried: the most pairs, and those that are cheapest among them."""
    n, m = away.shape
    most, least = 0, 0.0
    kept: set[tuple[tuple[int, int], ...]] = {()}
    for size in range(1, min(n, m) + 1):
        for rows in combinations(range(n), size):
            for columns in permutations(range(m), size):
                pairs = tuple(sorted(zip(rows, columns, strict=True)))
                if any(away[pair] > radius for pair in pairs):
                    continue
                cost = sum(away[pair] / (1 + away[pair]) for pair in pairs)
                if size > most or cost < least - 1e-12:
                    most, least, kept = size, cost, {pairs}
    return most, kept


def test_one_to_one_is_the_best_of_all_assignments() -> None:
    rng = np.random.default_rng(11)
    several = 0
    for _ in range(60):
        n, m = rng.integers(1, 5, 2)
        candidates, lesions = rng.uniform(0, 9, (n, 3)), rng.uniform(0, 9, (m, 3))
        scores = rng.normal(size=n)
        away = np.linalg.norm(candidates[:, None] - lesions[None], axis=2)
        found = DistanceRule(5.0).count(Places(scores, candidates, lesions), np.full(m, 4.0))
        most, kept = best(away, 5.0)
        marks = tuple(
            sorted((mark, lesion) for lesion, mark in enumerate(found.marks) if mark is not None)
        )
        assert len(marks) == most
        assert marks in kept
        lonely = [score for score, row in zip(scores, away, strict=True) if (row > 5.0).all()]
        assert found.false_scores.tolist() == lonely
        hits = np.full(m, -np.inf)
        for mark, lesion in marks:
            hits[lesion] = scores[mark]
        assert found.hits.tolist() == hits.tolist()
        several += most > 1
    assert several > 20  # else the assignment had nothing to decide


def timed(seed: int, places: Places | None) -> Timed:
    score = CaseScore(np.array([2.5, 8.0]), np.array([2.0, -np.inf]), np.zeros(2), np.array([0.5]))
    return Timed(seed, score, 3.0, places=places)


def test_places_are_read_as_they_were_kept_and_files_without_them_too(tmp_path: Path) -> None:
    places = row_of([2.0, 0.5], [1.0, 30.0], [0.0, 20.0])
    empty = row_of([], [], [])
    records.save([timed(1, places), timed(2, empty), timed(3, None)], tmp_path / "raw.jsonl")
    first, second, third = records.read(tmp_path / "raw.jsonl")
    assert first.places is not None
    assert second.places is not None
    assert first.places.scores.tolist() == [2.0, 0.5]
    assert first.places.candidates_mm.tolist() == places.candidates_mm.tolist()
    assert first.places.lesions_mm.tolist() == places.lesions_mm.tolist()
    assert second.places.candidates_mm.shape == second.places.lesions_mm.shape == (0, 3)
    assert third.places is None
    assert "by_distance" not in summary([first, third], 1.0, 1.0, 0.0)


def test_the_summary_counts_by_both_rules_beside_each_other() -> None:
    """By overlap the first lesion is found; by distance the second is, at the larger radius too."""
    places = row_of([2.0, 0.5, 1.5], [8.0, 30.0, 20.0], [0.0, 20.0])
    found = summary([timed(1, places), timed(2, places)], 1.0, 1.0, 0.0)
    assert found["sensitivity"]["0-3 mm"]["value"] == 1.0
    near = found["by_distance"]
    assert (near["radius_mm"], near["one_to_one"]) == (5.0, True)
    assert near["sensitivity"]["0-3 mm"]["value"] == 0.0
    assert near["sensitivity"]["5-10 mm"]["value"] == 1.0
    assert near["false_positives_per_case"]["value"] == 1.0
    wide = summary([timed(1, places)], 1.0, 1.0, 0.0, DistanceRule(9.0))["by_distance"]
    assert wide["sensitivity"]["all"]["value"] == 1.0
    assert wide["false_positives_per_case"]["value"] == 0.0


def test_an_evaluated_examination_keeps_where_its_candidates_and_lesions_lie(
    case: PhantomCase, written: dict[str, list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that answers with the truth, less one lesion: both rules find the same others."""
    missed, *rest = sorted(each.id for each in case.lesions)
    assert len(rest) >= 2

    def answer(ready: Prepared) -> np.ndarray:
        z, y, x = ready.voxels.shape[1:]
        labels = resample_labels(case.labels, case.series["t1c"].affine, ready.affine, (z, y, x))
        return np.where(np.isin(labels, rest), 4.0, -9.0).astype(np.float32)[None]

    detector = inference.load_detector(detectors.DEFAULT, "cpu")
    assert isinstance(detector, VoxelwiseDetector)
    monkeypatch.setattr(detector, "logits", answer)
    rows = [
        {"id": each.id, "diameter_mm": each.diameter_mm, "centroid_mm": each.centroid_mm}
        for each in reversed(case.lesions)  # in whatever order the truth is written
    ]
    examination = Examination(case.seed, written, case.labels, rows)
    timed = evaluate.count(detector, evaluate.see(detector, examination), 0.4)
    assert timed.places is not None
    by_distance = DistanceRule(2.0).count(timed.places, timed.score.diameters_mm)
    found = [number != missed for number in sorted([missed, *rest])]
    assert np.isfinite(timed.score.hits).tolist() == found
    assert np.isfinite(by_distance.hits).tolist() == found
    assert by_distance.marks == timed.score.marks
    assert by_distance.false_scores.size == timed.score.false_scores.size == 0
