"""Marks by the radiological search model, with readers, cases and lesions that differ.

A reader finds each lesion with probability nu and a Poisson number (mean lambda) of places that
are none; a place found has a decision variable, normal around mu at lesions and 0 elsewhere, and
is marked when it exceeds zeta (Chakraborty, Phys Med Biol 2006; 51:3449-3462). To make it
multi-reader multi-case, reader effects act on all three parameters, lesion effects (how visible,
shared by all readers) on nu and mu, and case effects (how busy) on lambda.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.tables import DataError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SearchModel:
    """Parameters; the `ai_` ones are what AI adds (on the scales named).

    Attributes
    ----------
    mu : float
        Separation of lesions from false places, in standard deviations.
    nu : float
        Probability that a lesion of average visibility is found.
    false_rate : float
        Mean number of false places a case.
    zeta : float
        Threshold of marking.
    reader_sd, lesion_sd, case_sd : float
        Spread of the effects: of readers on mu, logit nu and log lambda; of lesions on logit nu
        and mu; of cases on log lambda.
    reader_arm_sd : float
        Spread of what each modality does to each reader, on mu, logit nu and log lambda; 0 where
        readers do not differ in how they take to a modality.
    ai_logit_nu, ai_mu, ai_log_false : float
    """

    mu: float = 2.0
    nu: float = 0.7
    false_rate: float = 0.5
    zeta: float = 0.3
    reader_sd: float = 0.25
    lesion_sd: float = 0.6
    case_sd: float = 0.3
    reader_arm_sd: float = 0.0
    ai_logit_nu: float = 0.0
    ai_mu: float = 0.0
    ai_log_false: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.nu < 1 or self.false_rate <= 0:
            raise DataError("nu must lie between 0 and 1 and the false rate be above 0.")
        if min(self.reader_sd, self.lesion_sd, self.case_sd, self.reader_arm_sd) < 0:
            raise DataError("Standard deviations must not be below 0.")


def lesions(
    cases: list[str], diseased: NDArray[np.bool_], rng: np.random.Generator, mean_extra: float = 1.0
) -> pd.DataFrame:
    """A reference standard: 1 + Poisson lesions a diseased case, lognormal diameters (mm)."""
    rows: list[tuple[str, int, int, float | None, float | None]] = []
    for case, ill in zip(cases, diseased, strict=True):
        if not ill:
            rows.append((case, 0, 0, None, None))
            continue
        number = 1 + int(rng.poisson(mean_extra))
        diameters = np.exp(rng.normal(math.log(6.0), 0.6, number))
        rows += [
            (case, 1, place + 1, 1 / number, round(float(each), 1))
            for place, each in enumerate(diameters)
        ]
    return pd.DataFrame(rows, columns=["case", "truth", "lesion", "weight", "diameter_mm"])


def marks(
    model: SearchModel, truth: pd.DataFrame, readers: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Marks of every reader in the modalities control and ai, already scored as LL or NL.

    Parameters
    ----------
    model : SearchModel
    truth : DataFrame
        As from `lesions`; larger lesions are easier to find.
    readers : int
    rng : numpy.random.Generator

    Returns
    -------
    DataFrame
        reader, modality, case, lesion (0: NL), rating (the decision variable).
    """
    cases = list(dict.fromkeys(truth["case"]))
    real = truth[truth["lesion"] > 0].reset_index(drop=True)
    visible = rng.normal(0, model.lesion_sd, len(real))
    visible += np.log(real["diameter_mm"].to_numpy(dtype=float) / 6.0)
    busy = rng.normal(0, model.case_sd, len(cases))
    frames = []
    for j in range(readers):
        reader = rng.normal(0, model.reader_sd, 2)
        for name, on in (("control", 0.0), ("ai", 1.0)):
            own = rng.normal(0, model.reader_arm_sd, 2) if model.reader_arm_sd else 0.0
            skill, eager = reader + own
            found, rated = _found(model, visible, skill, on, rng)
            frames.append(_rows(j, name, real["case"][found], real["lesion"][found], rated[found]))
            rate = model.false_rate * np.exp(busy + eager + on * model.ai_log_false)
            place = np.repeat(np.arange(len(cases)), rng.poisson(rate))
            values = rng.normal(0, 1, len(place))
            shown = values > model.zeta
            where = pd.Series(np.array(cases, dtype=object)[place[shown]])
            frames.append(_rows(j, name, where, pd.Series(0, where.index), values[shown]))
    return pd.concat(frames, ignore_index=True)


def _found(
    model: SearchModel, visible: Floats, skill: float, on: float, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], Floats]:
    """Which lesions a reader marks, and the decision variable at each."""
    logit = math.log(model.nu / (1 - model.nu)) + visible + skill + on * model.ai_logit_nu
    chance = 1 / (1 + np.exp(-logit))
    rated = rng.normal(model.mu + skill + 0.3 * visible + on * model.ai_mu, 1.0)
    return (rng.random(len(visible)) < chance) & (rated > model.zeta), rated


def _rows(
    j: int, modality: str, case: pd.Series, lesion: pd.Series, rating: Floats
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "reader": f"R{j + 1}",
            "modality": modality,
            "case": case.to_numpy(),
            "lesion": lesion.to_numpy(),
            "rating": rating,
        }
    )
