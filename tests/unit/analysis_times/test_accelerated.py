"""S7: accelerated failure time against scipy, statsmodels, the paired t test and the truth."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from statsmodels.base.model import GenericLikelihoodModel

import analysis
from analysis.tables import DataError
from analysis.times.accelerated import DISTRIBUTIONS, accelerated_ratios, clustered, fit

RATIO = 0.7
LAWS: dict[str, Any] = {
    "lognormal": stats.norm,
    "weibull": stats.gumbel_l,
    "loglogistic": stats.logistic,
}


def study(
    *, readers: int = 6, cases: int = 30, limit_s: float = np.inf, seed: int = 1
) -> pd.DataFrame:
    """Crossed times with reader, case and reader x arm effects, cut off at a limit."""
    rng = np.random.default_rng(seed)
    pace, size = rng.normal(4.5, 0.2, readers), rng.normal(0, 0.2, cases)
    own = rng.normal(0, 0.05, (readers, 2))
    rows = []
    for j in range(readers):
        for i, name in enumerate(("control", "ai")):
            log_s = pace[j] + size + own[j, i] + i * np.log(RATIO) + rng.normal(0, 0.3, cases)
            seconds = np.exp(log_s)
            rows += [
                (f"R{j}", name, f"C{k}", min(s, limit_s), int(s > limit_s))
                for k, s in enumerate(seconds)
            ]
    return pd.DataFrame(rows, columns=["reader", "modality", "case", "active_s", "censored"])


def numbers_of(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    columns = np.column_stack([np.ones(120), np.arange(120) % 2, rng.normal(size=120)])
    log_s = columns @ [4.0, -0.4, 0.1] + 0.5 * rng.normal(size=120)
    finished = log_s < 4.4
    return np.where(finished, log_s, 4.4), columns, finished


class Censored(GenericLikelihoodModel):
    """statsmodels' frame around scipy's densities and survival functions."""

    law: Any = None
    finished: Any = None

    def nloglikeobs(self, params: np.ndarray) -> np.ndarray:
        sigma = np.exp(params[-1])
        z = (self.endog - self.exog @ params[:-1]) / sigma
        density = self.law.logpdf(z) - params[-1] - self.endog
        return np.asarray(-np.where(self.finished, density, self.law.logsf(z)))


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_s7_the_fit_is_the_maximum_of_scipys_likelihood(name: str) -> None:
    log_s, columns, finished = numbers_of(3)
    found = fit(log_s, columns, finished, name)
    model = Censored(log_s, columns, extra_params_names=["log sigma"])
    model.law, model.finished = LAWS[name], finished
    start = np.append(found.beta, np.log(found.sigma)) + 0.05

    def minus(params: np.ndarray) -> float:
        return float(model.nloglikeobs(params).sum())

    best = optimize.minimize(minus, start, method="Nelder-Mead",
                             options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 5000})  # fmt: skip
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-7)
    assert np.append(found.beta, np.log(found.sigma)) == pytest.approx(best.x, abs=1e-4)
    at = np.append(found.beta, np.log(found.sigma))
    assert found.scores.sum(axis=0) == pytest.approx(np.zeros(4), abs=1e-6)
    assert found.information == pytest.approx(-model.hessian(at), rel=1e-4, abs=1e-3)
    assert found.scores == pytest.approx(model.score_obs(at), rel=1e-4, abs=1e-4)


def test_s7_the_sandwich_by_one_factor_is_statsmodels() -> None:
    log_s, columns, finished = numbers_of(5)
    found = fit(log_s, columns, finished, "weibull")
    group = np.arange(120) // 10
    model = Censored(log_s, columns, extra_params_names=["log sigma"])
    model.law, model.finished = LAWS["weibull"], finished
    result = model.fit(
        np.append(found.beta, np.log(found.sigma)), disp=0, method="newton",
        cov_type="cluster", cov_kwds={"groups": group, "use_correction": False},
    )  # fmt: skip
    mine = clustered(found, group, group) / (12 / 11)
    assert mine == pytest.approx(result.cov_params(), rel=1e-3)


def test_s7_on_complete_balanced_times_it_is_the_paired_t_test_over_readers() -> None:
    table = study()
    log_s = np.log(table["active_s"])
    means = table.assign(log_s=log_s).pivot_table("log_s", "reader", "modality")
    expected = stats.ttest_rel(means["ai"], means["control"])
    without = table.drop(columns="censored").assign(case=[f"own {at}" for at in range(len(table))])
    one = accelerated_ratios(without, reference="control")[0]
    assert one.log_estimate == pytest.approx(float((means["ai"] - means["control"]).mean()))
    assert one.statistic == pytest.approx(expected.statistic, rel=1e-8)
    assert one.p_value == pytest.approx(expected.pvalue, rel=1e-8)
    crossed = accelerated_ratios(table, reference="control")[0]
    assert crossed.log_estimate == pytest.approx(one.log_estimate)
    assert crossed.std_error >= one.std_error - 1e-12


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_s7_reads_that_were_cut_off_do_not_shrink_the_ratio(name: str) -> None:
    """A third of the slower arm's reads cut off: the mixed model is biased towards 1, this not."""
    table = study(readers=10, cases=60, limit_s=100.0, seed=4)
    result = analysis.reading_time(table, reference="control")
    found = next(each for each in result.accelerated if each.distribution == name)
    assert abs(np.log(found.ratio / RATIO)) < 0.08
    assert result.ratios[0].ratio > found.ratio + 0.02
    assert found.n_censored == int(table["censored"].sum())
    assert found.ci_low < RATIO < found.ci_high


def test_s7_the_right_distribution_fits_best() -> None:
    table = study(readers=10, cases=80, limit_s=120.0, seed=2)
    aic = {each.distribution: each.aic for each in
           analysis.reading_time(table, reference="control").accelerated}  # fmt: skip
    assert min(aic, key=aic.__getitem__) == "lognormal"


def test_s7_parallel_arms_and_what_cannot_be_fitted() -> None:
    table = study()
    half = table["reader"].isin(["R0", "R1", "R2"])
    parallel = table[half == (table["modality"] == "ai")]
    one = accelerated_ratios(parallel, reference="control")[0]
    assert one.df == 4
    means = np.log(parallel["active_s"]).groupby(parallel["reader"]).mean()
    expected = means[["R0", "R1", "R2"]].mean() - means[["R3", "R4", "R5"]].mean()
    assert one.log_estimate == pytest.approx(float(expected))
    with pytest.raises(DataError, match="no read in modality ai was finished"):
        accelerated_ratios(table.assign(censored=(table["modality"] == "ai").astype(int)))
    with pytest.raises(DataError, match="one reader only"):
        accelerated_ratios(table[table["reader"] == "R0"])
    with pytest.raises(DataError, match="distribution is 'gamma'"):
        accelerated_ratios(table, distribution="gamma")
    assert analysis.reading_time(table, reference="control").accelerated == ()
