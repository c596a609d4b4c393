"""Covariances against their definitions, crossed and with missing reads."""

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.dataset import Dataset
from analysis.fom import placements
from analysis.fom.registry import parse
from analysis.multireader import covariance as covariances
from analysis.multireader.bootstrap import bootstrap
from analysis.multireader.pairs import blocks
from analysis.multireader.unbiased import unbiased
from tests.unit.analysis_mrmc.peers import same, vandyke

Floats = NDArray[np.float64]


def study(missing: float = 0.0) -> tuple[Floats, NDArray[np.bool_]]:
    rng = np.random.default_rng(8)
    truth = np.arange(24) % 3 == 0
    ratings = np.round(rng.normal(size=(4, 24)) + truth + rng.normal(size=24), 1)
    ratings[rng.random(ratings.shape) < missing] = np.nan
    return ratings, truth


def scores(rating: Floats, truth: NDArray[np.bool_]) -> Floats:
    """(n0, n1) success scores; NaN where a case of the pair was not read."""
    difference = rating[truth][None, :] - rating[~truth][:, None]
    return (np.sign(difference) + 1) / 2


def unbiased_the_long_way(a: Floats, b: Floats) -> float:
    """A B minus the mean product of scores of pairs that share no case, term by term."""
    total, count = 0.0, 0
    n0, n1 = a.shape
    for i in range(n0):
        for j in range(n1):
            if np.isnan(a[i, j]):
                continue
            rest = np.delete(np.delete(b, i, axis=0), j, axis=1)
            total += a[i, j] * np.nansum(rest)
            count += int((~np.isnan(rest)).sum())
    return float(np.nanmean(a) * np.nanmean(b) - total / count)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_unbiased_covariance_is_its_definition(missing: float) -> None:
    ratings, truth = study(missing)
    found = unbiased(ratings, truth)
    for a in range(4):
        for b in range(4):
            expected = unbiased_the_long_way(scores(ratings[a], truth), scores(ratings[b], truth))
            assert found[a, b] == pytest.approx(expected, abs=1e-14)


def test_scores_come_the_same_in_any_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    ratings, truth = study(0.3)
    whole = unbiased(ratings, truth)
    monkeypatch.setattr("analysis.multireader.pairs.MAX_CELLS", 70)
    assert len(list(blocks(ratings, truth))) > 5
    same(unbiased(ratings, truth), whole)


def test_delong_is_the_sample_covariance_of_the_components() -> None:
    ratings, truth = study()
    placed = placements.placements(ratings, truth)
    found = covariances.delong(placed, truth, ~np.isnan(ratings))
    n1, n0 = truth.sum(), (~truth).sum()
    same(found, np.cov(placed[:, truth]) / n1 + np.cov(placed[:, ~truth]) / n0)


@pytest.mark.parametrize("missing", [0.2, 0.5])
def test_delong_with_missing_reads_is_never_indefinite(missing: float) -> None:
    ratings, truth = study(missing)
    placed = placements.placements(ratings, truth)
    found = covariances.delong(placed, truth, ~np.isnan(ratings))
    assert np.linalg.eigvalsh(found).min() >= -1e-15


def test_a_variance_does_not_depend_on_other_curves_missing_reads() -> None:
    ratings, truth = study(0.3)
    read = ~np.isnan(ratings)
    alone = ratings[:1, read[0]], truth[read[0]]
    for estimate in (
        unbiased,
        lambda x, t: covariances.delong(placements.placements(x, t), t, ~np.isnan(x)),
    ):
        assert estimate(ratings, truth)[0, 0] == pytest.approx(estimate(*alone)[0, 0])


def test_curves_that_share_no_case_have_covariance_zero() -> None:
    ratings, truth = study()
    half = np.arange(24) % 2 == 0
    ratings[0, half] = np.nan
    ratings[1, ~half] = np.nan
    placed, read = placements.placements(ratings, truth), ~np.isnan(ratings)
    left_out = placements.leave_one_out(placed, truth)
    for found in (
        covariances.jackknife(left_out, read),
        covariances.delong(placed, truth, read),
        unbiased(ratings, truth),
    ):
        assert found[0, 1] == 0
        assert found[0, 2] != 0


def drawn(replicates: int, seed: int = 1, fom: str = "auc") -> Floats:
    dataset = Dataset.from_table(vandyke())
    curves = dataset.ratings.reshape(10, -1)
    return bootstrap(parse(fom), curves, dataset.truth, replicates=replicates, seed=seed)


def test_bootstrap_is_near_the_jackknife() -> None:
    dataset = Dataset.from_table(vandyke())
    placed = placements.placements(dataset.ratings.reshape(10, -1), dataset.truth)
    left_out = placements.leave_one_out(placed, dataset.truth)
    read = np.ones(left_out.shape, bool)
    found = covariances.sample(drawn(4000), read)
    expected = covariances.jackknife(left_out, read)
    # Relative Monte Carlo error of a variance from 4000 draws is sqrt(2 / 4000) = 2.2 %.
    np.testing.assert_allclose(np.diag(found)[:-2], np.diag(expected)[:-2], rtol=0.12)


def test_bootstrap_depends_on_the_seed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    first = drawn(600)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    same(drawn(600), first)
    assert not np.allclose(drawn(600, seed=2), first)


def test_bootstrap_draws_are_the_auc_of_the_drawn_cases() -> None:
    """A weighted curve is the curve of the repeated cases."""
    from analysis.multireader.bootstrap import _Curve, _draws

    ratings, truth = study(0.2)
    weights = _draws(truth, 5, np.random.default_rng(4))
    found = _Curve(parse("auc"), ratings[0], truth).replicates(weights)
    for weight, value in zip(weights, found, strict=True):
        cases = np.repeat(np.arange(truth.size), weight.astype(int))
        assert weight[truth].sum() == truth.sum()
        assert value == pytest.approx(np.nanmean(scores(ratings[0, cases], truth[cases])))
