"""Whether an uncertainty tells of errors what the probability beside it does not.

Two logistic regressions of which proposals are wrong: on the log-odds of the probability alone, and
on these and the uncertainty. Their likelihood ratio says whether the second fits better (Wilks
1938: chi-square with one degree of freedom, of proposals as if each stood alone). Whether it also
foretells better is asked of cases that the regression has not seen: each case's proposals are
ranked by a regression on the others, and the AUROCs of both rankings compared over cases.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from inference.doubt import Bools, Doubted, Estimate, Floats, auroc
from inference.metrics import interval

_DRAWS = 1000
_STEPS = 50
_RIDGE = 1e-3  # on standardised predictors: what separates perfectly keeps a finite slope
_FEWEST = 2  # cases, so that one can be left out
_EDGE = 1e-4  # probabilities are kept to four digits: none is 0 or 1

Predictors = Callable[[Doubted], Floats]  # (proposal, predictor)


@dataclass(frozen=True)
class Beyond:
    """What `beyond` found.

    Attributes
    ----------
    slope
        Log-odds of being wrong for a standard deviation of the uncertainty, at equal probability.
    likelihood_ratio, p_value
        Of the regression with the uncertainty against the one without.
    auroc, auroc_of_probability, difference
        Of the rankings by regressions that had not seen the case, with intervals of 95 % over cases
        and their regressions as they are.
    """

    proposals: int
    wrong: int
    slope: float
    likelihood_ratio: float
    p_value: float
    auroc: Estimate
    auroc_of_probability: Estimate
    difference: Estimate


def beyond(cases: Sequence[Doubted], probability: float = 0.0) -> Beyond | None:
    """Whether the uncertainty adds to the probability, of proposals of a probability and more.

    None where fewer than two cases have wrong proposals or fewer than two have right ones: then
    some regression on the others would have nothing to tell apart.
    """
    some = [each.at(probability) for each in cases]
    with_wrong = sum(bool(each.is_wrong.any()) for each in some)
    with_right = sum(bool((~each.is_wrong).any()) for each in some)
    if min(with_wrong, with_right) < _FEWEST:
        return None
    wrong = np.concatenate([each.is_wrong for each in some])
    alone, both = _Model.of(some, _alone), _Model.of(some, _both)
    ratio = max(0.0, 2 * (both.likelihood(some) - alone.likelihood(some)))
    ranked_alone, ranked_both = _unseen(some, _alone), _unseen(some, _both)
    pairs = list(zip(ranked_alone, ranked_both, strict=True))

    def first(drawn: Sequence[tuple[Doubted, Doubted]]) -> float:
        return _auroc([a for a, _ in drawn])

    def second(drawn: Sequence[tuple[Doubted, Doubted]]) -> float:
        return _auroc([b for _, b in drawn])

    def estimate(statistic: Callable[[Sequence[tuple[Doubted, Doubted]]], float]) -> Estimate:
        return statistic(pairs), interval(pairs, statistic, draws=_DRAWS)

    return Beyond(
        len(wrong),
        int(wrong.sum()),
        float(both.slopes[-1]),
        ratio,
        float(chi2.sf(ratio, 1)),
        estimate(second),
        estimate(first),
        estimate(lambda drawn: second(drawn) - first(drawn)),
    )


def of_logits(case: Doubted) -> Doubted:
    """The same with the spread of the log-odds, to first order, in place of the probability's.

    A spread of probabilities is small near 0 and 1 whatever the network's answers do.
    """
    p = np.clip(case.probability, _EDGE, 1 - _EDGE)
    return replace(case, uncertainty=case.uncertainty / (p * (1 - p)))


def to_json(found: Beyond | None) -> dict[str, Any] | None:
    """As plain values, to three digits; the p-value to two that count."""
    if found is None:
        return None
    plain = {
        name: [round(value[0], 3), [round(each, 3) for each in value[1]]]
        if isinstance(value, tuple)
        else value
        for name, value in asdict(found).items()
    }
    return plain | {
        "slope": round(found.slope, 3),
        "likelihood_ratio": round(found.likelihood_ratio, 3),
        "p_value": float(f"{found.p_value:.2g}"),
    }


def _alone(case: Doubted) -> Floats:
    p = np.clip(case.probability, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(p / (1 - p)))[:, None]


def _both(case: Doubted) -> Floats:
    return np.column_stack([_alone(case), case.uncertainty])


@dataclass(frozen=True)
class _Model:
    """A logistic regression of being wrong on standardised predictors."""

    predictors: Predictors
    mean: Floats
    scale: Floats
    slopes: Floats  # intercept first

    @classmethod
    def of(cls, cases: Sequence[Doubted], predictors: Predictors) -> "_Model":
        values = np.concatenate([predictors(each) for each in cases])
        wrong = np.concatenate([each.is_wrong for each in cases])
        mean, scale = values.mean(0), np.maximum(values.std(0), 1e-9)
        return cls(predictors, mean, scale, _fitted(_with_one((values - mean) / scale), wrong))

    def log_odds(self, case: Doubted) -> Floats:
        scaled = (self.predictors(case) - self.mean) / self.scale
        return np.asarray(_with_one(scaled) @ self.slopes)

    def likelihood(self, cases: Sequence[Doubted]) -> float:
        """Log-likelihood of which proposals are wrong."""
        signs = np.concatenate([np.where(each.is_wrong, 1.0, -1.0) for each in cases])
        odds = np.concatenate([self.log_odds(each) for each in cases])
        return float(-np.logaddexp(0, -signs * odds).sum())


def _with_one(values: Floats) -> Floats:
    return np.column_stack([np.ones(len(values)), values])


def _fitted(values: Floats, wrong: Bools) -> NDArray[np.float64]:
    """Newton's method on the likelihood with a small ridge on all but the intercept."""
    slopes = np.zeros(values.shape[1])
    ridge = np.diag([0.0] + [_RIDGE] * (values.shape[1] - 1))
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(values @ slopes, -30, 30)))
        rise = values.T @ (wrong - chance) - ridge @ slopes
        bend = (values * (chance * (1 - chance))[:, None]).T @ values + ridge
        step = np.linalg.solve(bend + 1e-9 * np.eye(len(bend)), rise)
        slopes = slopes + np.clip(step, -2, 2)  # far from the top a whole step overshoots
        if np.abs(step).max() < 1e-8:
            break
    return slopes


def _unseen(cases: Sequence[Doubted], predictors: Predictors) -> list[Doubted]:
    """Each case with the log-odds of a regression on the others as its uncertainty."""
    return [
        replace(
            case,
            uncertainty=_Model.of([*cases[:n], *cases[n + 1 :]], predictors).log_odds(case),
        )
        for n, case in enumerate(cases)
    ]


def _auroc(cases: Sequence[Doubted]) -> float:
    return auroc(
        np.concatenate([each.uncertainty for each in cases]),
        np.concatenate([each.is_wrong for each in cases]),
    )
