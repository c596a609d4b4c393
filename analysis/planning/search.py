"""A plan for figures of merit of marks, from the search model instead of a pilot.

The search model (`analysis.simulation.search`) has no variances in closed form: its components are
the means over large simulated pilots, and the gain that gives a wanted difference is searched for.
Both are seeded.
"""

from dataclasses import fields, replace

import numpy as np
from scipy import optimize

from analysis.freeresponse.named import fom_named
from analysis.freeresponse.study import froc
from analysis.planning.by_simulation import ai_minus_control
from analysis.planning.components import Components, from_result
from analysis.results import MrmcResult
from analysis.simulation.search import SearchModel, lesions, marks
from analysis.tables import DataError

PILOTS, READERS, CASES = 6, 12, 400  # of the simulated pilots
GAIN_PILOTS = 3  # those that the gain is searched on, always the same draws
GAINS = {"ai_logit_nu": (-3.0, 6.0), "ai_log_false": (-4.0, 2.0)}  # with the range searched
CLOSE = 0.005  # of a gain, on its own scale


def parse(texts: list[str]) -> SearchModel:
    """The search model with these parameters, as ``["mu=2.2", "nu=0.6"]``; the rest by default.

    Raises
    ------
    DataError
        With the names there are.
    """
    names = [each.name for each in fields(SearchModel) if not each.name.startswith("ai_")]
    given = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            given[name] = float(value)
        except ValueError:
            raise DataError(f"{text!r}: give a parameter as mu=2.2.") from None
        if name not in names:
            raise DataError(f"The search model has no {name!r}: it has {', '.join(names)}.")
    return SearchModel(**given)


def of_search(
    model: SearchModel, fom: str, *, diseased: float = 0.5, seed: int = 0
) -> tuple[Components, float]:
    """Obuchowski-Rockette components of a figure of merit under the search model.

    Parameters
    ----------
    model : SearchModel
    fom : str
        As in `analysis.froc`.
    diseased : float
        Share of the cases, 0 to 1.
    seed : int

    Returns
    -------
    components : Components
        Means over six simulated pilots of 12 readers and 400 cases; `n_cases` counts all cases,
        whichever of them the figure of merit uses. Without an effect.
    level : float
        Mean figure of merit without AI.
    """
    pilots = [_pilot(model, fom, diseased, seed + number) for number in range(PILOTS)]
    each = [from_result(pilot) for pilot in pilots]
    names = ("var_r", "var_tr", "var_error", "cov1", "cov2", "cov3")
    means = {name: float(np.mean([getattr(one, name) for one in each])) for name in names}
    level = float(np.mean([_level(pilot) for pilot in pilots]))
    source = f"search model, {fom_named(fom).title} {level:.3f} without AI"
    return Components(**means, n_cases=CASES, source=source), level


def with_effect(
    model: SearchModel, effect: float, fom: str, *, diseased: float = 0.5, seed: int = 0
) -> SearchModel:
    """The model in which AI makes a figure of merit better by `effect`, to about 0.002.

    AI helps to find lesions (logit nu), or, where that leaves the figure as it is (false positives
    per case), to leave false places alone (log lambda).

    Raises
    ------
    DataError
        When no gain makes that much difference.
    """
    better = 1.0 if fom_named(fom).higher_is_better else -1.0

    def made(**gain: float) -> float:
        tried = replace(model, **gain)
        found = [_pilot(tried, fom, diseased, seed + number) for number in range(GAIN_PILOTS)]
        return better * float(np.mean([ai_minus_control(each) for each in found]))

    # Without a gain the expected difference is 0: what these readers happen to have is taken off.
    chance = made()

    def short_of(gain: float, name: str) -> float:
        return made(**{name: gain}) - chance - effect

    most = -np.inf
    for name, ends in GAINS.items():
        low, high = (short_of(end, name) for end in ends)
        if low * high < 0:
            gain = optimize.brentq(short_of, *ends, args=(name,), xtol=CLOSE)
            return replace(model, **{name: float(gain)})
        most = max(most, low + effect, high + effect)
    raise DataError(
        f"AI cannot make {fom_named(fom).title} better by {effect:g} in this search model: at "
        f"most by about {most:.3f}. Plan a smaller effect, or start from a lower level (smaller "
        "mu or nu)."
    )


def _pilot(model: SearchModel, fom: str, diseased: float, seed: int) -> MrmcResult:
    ill = np.arange(CASES) < round(CASES * diseased)
    if min(ill.sum(), (~ill).sum()) < 2:
        raise DataError("The share of diseased cases must leave cases of both classes.")
    rng = np.random.default_rng([seed, CASES])
    truth = lesions([f"C{number:03d}" for number in range(CASES)], ill, rng)
    return froc(marks(model, truth, READERS, rng), truth, fom=fom)


def _level(pilot: MrmcResult) -> float:
    return pilot.modalities[pilot.modality_names.index("control")].estimate
