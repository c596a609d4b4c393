"""S3: Binormal and contaminated binormal fits against RJafroc 2.1.3 on Van Dyke."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

import analysis
from analysis.dataset import Dataset
from analysis.fits import areas
from analysis.fits.binormal import Binormal, fit_binormal
from analysis.fits.contaminated import Contaminated, fit_contaminated
from analysis.fits.likelihood import Fit, _Problem, categories
from analysis.fom.levels import RatingLevels
from tests.unit.analysis_mrmc.peers import peer, vandyke

Floats = NDArray[np.float64]
CURVES = [(i, j) for i in range(2) for j in range(5)]
DEGENERATE = (1, 3)
# RJafroc's optimiser stopped on flat ground: ours has a higher likelihood there (tested below).
SHORT_BM = {(1, 1)}
SHORT_CBM = {(0, 2), (0, 3), (1, 1), (1, 4)}


def counts(i: int, j: int) -> tuple[Floats, Floats]:
    dataset = Dataset.from_table(vandyke())
    return RatingLevels.of(dataset.ratings[i, j], dataset.truth).counts()


def rjafroc(i: int, j: int, model: str) -> dict[str, float]:
    found = dict(peer("vandyke_fits_rjafroc")[f"m{i + 1}r{j + 1}"][model])
    if isinstance(found["StdAUC"], list):
        found["StdAUC"] = found["StdAUC"][0][0]
    return found


@pytest.mark.parametrize(("i", "j"), [at for at in CURVES if at != DEGENERATE])
def test_binormal(i: int, j: int) -> None:
    fit, expected = fit_binormal(*counts(i, j)), rjafroc(i, j, "bm")
    assert fit.auc == pytest.approx(expected["AUC"], rel=1e-4)
    assert fit.std_error == pytest.approx(expected["StdAUC"], rel=1e-4)
    if (i, j) not in SHORT_BM:
        assert fit.parameters["a"] == pytest.approx(expected["a"], rel=1e-4)
        assert fit.parameters["b"] == pytest.approx(expected["b"], rel=1e-4)


@pytest.mark.parametrize(("i", "j"), [at for at in CURVES if at not in SHORT_CBM])
def test_contaminated_binormal(i: int, j: int) -> None:
    fit, expected = fit_contaminated(*counts(i, j)), rjafroc(i, j, "cbm")
    assert fit.parameters["mu"] == pytest.approx(expected["mu"], rel=1e-4)
    assert fit.parameters["alpha"] == pytest.approx(expected["alpha"], rel=1e-4)
    assert fit.auc == pytest.approx(expected["AUC"], rel=1e-4)
    if expected["StdAUC"] is not None:
        assert fit.std_error == pytest.approx(expected["StdAUC"], rel=1e-4)


def best_at(model: Binormal | Contaminated, theta: list[float], i: int, j: int) -> float:
    """Highest log likelihood with the two parameters held at `theta`."""
    from scipy import optimize

    problem = _Problem(model, *categories(*counts(i, j)))

    def value(z: Floats) -> tuple[float, Floats]:
        found, gradient = problem.value(np.concatenate([theta, z]))
        return found, gradient[2:]

    found = optimize.minimize(value, problem.start()[2:], jac=True, method="BFGS")
    return -float(found.fun)


@pytest.mark.parametrize(("i", "j"), sorted(SHORT_CBM))
def test_where_rjafroc_stopped_short_our_likelihood_is_higher(i: int, j: int) -> None:
    expected = rjafroc(i, j, "cbm")
    fit = fit_contaminated(*counts(i, j))
    theirs = best_at(Contaminated(), [expected["mu"], expected["alpha"]], i, j)
    assert fit.log_likelihood > theirs + 1e-5


def test_where_rjafrocs_binormal_stopped_short_our_likelihood_is_no_lower() -> None:
    expected = rjafroc(1, 1, "bm")
    fit = fit_binormal(*counts(1, 1))
    assert fit.log_likelihood >= best_at(Binormal(), [expected["a"], expected["b"]], 1, 1)


def test_the_degenerate_reader_has_a_defined_answer_and_a_warning() -> None:
    binormal, contaminated = fit_binormal(*counts(*DEGENERATE)), fit_contaminated(*counts(1, 3))
    assert binormal.auc == pytest.approx(0.999355877616747)  # the empirical AUC
    assert contaminated.auc == pytest.approx(1, rel=1e-4)
    for fit in (binormal, contaminated):
        assert "no operating point inside" in fit.warnings[0]
        assert math.isnan(fit.std_error)


@pytest.mark.parametrize("fit_it", [fit_binormal, fit_contaminated])
def test_the_score_is_zero_at_the_maximum(fit_it: object) -> None:
    model = Binormal() if fit_it is fit_binormal else Contaminated()
    fit: Fit = fit_it(*counts(0, 0))  # one of two functions
    problem = _Problem(model, *categories(*counts(0, 0)))
    unknowns = np.concatenate([list(fit.parameters.values()), fit.z[:1], np.log(np.diff(fit.z))])
    assert np.abs(problem.value(unknowns)[1]).max() < 1e-5


def test_gradient_is_the_derivative() -> None:
    from scipy.optimize import check_grad

    for model in (Binormal(), Contaminated()):
        problem = _Problem(model, *categories(*counts(0, 0)))
        start = problem.start()
        error = check_grad(
            lambda x, p=problem: p.value(x)[0], lambda x, p=problem: p.value(x)[1], start
        )
        assert error < 1e-4


def test_truth_runs_lose_nothing() -> None:
    """Splitting a run of one class in two leaves the maximum where it was."""
    whole = np.array([0.0, 5, 8, 20, 12]), np.array([4.0, 0, 10, 15, 20])
    split = np.array([0.0, 2, 3, 8, 20, 12]), np.array([4.0, 0, 0, 10, 15, 20])
    assert fit_binormal(*split).auc == pytest.approx(fit_binormal(*whole).auc, rel=1e-6)


def test_many_levels_are_joined_to_twenty() -> None:
    rng = np.random.default_rng(2)
    truth = rng.random(600) < 0.5
    rating = rng.normal(size=600) + 1.5 * truth
    fit = fit_binormal(*RatingLevels.of(rating, truth).counts())
    assert fit.z.size == 19
    assert fit.auc == pytest.approx(0.856, abs=0.04)  # Phi(1.5 / sqrt 2)
    assert fit.parameters["b"] == pytest.approx(1, abs=0.2)


def test_fitted_area_is_a_figure_of_merit() -> None:
    table = vandyke()
    found = analysis.mrmc(table[table["reader"].isin(["1", "2"])], fom="binormal_auc")
    assert found.foms[0].estimate == pytest.approx(rjafroc(0, 0, "bm")["AUC"], rel=1e-4)
    assert 0 < found.test.p_value < 1


def test_a_jackknife_of_ratings_that_all_differ_fits_each_distinct_table_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(1)
    truth = np.arange(60) % 2 == 0
    levels = RatingLevels.of(rng.normal(size=60) + 1.4 * truth, truth)
    tables = [(positive, negative) for _, positive, negative in levels.deletions()]
    positive, negative = (np.concatenate(each) for each in zip(*tables, strict=True))
    fits = []

    def counted(p: Floats, n: Floats) -> Fit:
        fits.append(p.size)
        return fit_binormal(p, n)

    monkeypatch.setattr(areas, "fit_binormal", counted)
    found = areas.binormal_area(positive, negative)
    assert len(fits) < len(found) / 2
    some = [0, 59]
    expected = [fit_binormal(positive[at], negative[at]).auc for at in some]
    assert found[some] == pytest.approx(expected, rel=1e-9)
