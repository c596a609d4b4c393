"""The report's section on order: period, carry-over, learning and fatigue (S8)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from analysis.crossover import Crossover, crossover
from analysis.report.plan import Plan
from analysis.report.tables import Tables
from analysis.results import MrmcResult
from analysis.tables import DataError
from analysis.times.learning import Step, fatigue_curve, learning_curve
from analysis.words import p_text

Found = TypeVar("Found")


@dataclass(frozen=True, eq=False)
class Order:
    """What the order of reads did: to accuracy, to time; each with why it is not there."""

    accuracy: Crossover | None
    time: Crossover | None
    learning: tuple[Step, ...]
    fatigue: tuple[Step, ...]
    errors: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """The section's numbers; `time` is on the natural log scale."""
        return {
            "accuracy": None if self.accuracy is None else self.accuracy.to_json(),
            "time": None if self.time is None else self.time.to_json(),
            "learning": [each.to_json() for each in self.learning],
            "fatigue": [each.to_json() for each in self.fatigue],
            "errors": self.errors,
        }

    def statement(self) -> str:
        """Period, carry-over and fatigue in a few sentences, as far as they are known."""
        return " ".join(each for each in (self._of_periods(), self._of_sittings()) if each)

    def _of_sittings(self) -> str:
        """How the last quarter of the sittings compares with the first, both arms together."""
        if len({each.first for each in self.fatigue}) < 2:
            return ""
        last = {each.modality: each for each in self.fatigue}
        first = {each.modality: each for each in reversed(self.fatigue)}
        both = [last[name].ratio / first[name].ratio for name in last]
        ratio = float(np.exp(np.mean(np.log(both))))
        return (
            f"Within sittings the last reads took {ratio:.2f} times as long as the first "
            f"(places {next(iter(last.values())).first} and on)."
        )

    def _of_periods(self) -> str:
        if self.accuracy is None:
            return ""
        period, carry = self.accuracy.period, self.accuracy.carry_over
        words = (
            f"Between the periods accuracy changed by {period.estimate:+z.3f} "
            f"({p_text(period.p_value)}); a test of carry-over gave {p_text(carry.p_value)}"
        )
        if self.time is None:
            return f"{words}."
        ratio = float(np.exp(self.time.period.estimate))
        return (
            f"{words}. Reads of the second period took {ratio:.2f} times as long "
            f"({p_text(self.time.period.p_value)})."
        )


def order(tables: Tables, plan: Plan, main: MrmcResult | None) -> Order:
    """Effects of period and order, as far as the data know them."""
    errors: dict[str, str] = {}

    def said(name: str, work: Callable[[], Found]) -> Found | None:
        try:
            return work()
        except DataError as error:
            errors[name] = str(error)
            return None

    control, alpha = tables.control, plan.alpha
    accuracy = said(
        "accuracy", lambda: crossover(_accuracy(tables, main), control=control, alpha=alpha)
    )
    time = said("time", lambda: crossover(_log_time(tables), control=control, alpha=alpha))
    learning = said("learning", lambda: learning_curve(_timed(tables), alpha=alpha))
    fatigue = said("fatigue", lambda: fatigue_curve(_timed(tables), alpha=alpha))
    return Order(accuracy, time, tuple(learning or ()), tuple(fatigue or ()), errors)


def _accuracy(tables: Tables, main: MrmcResult | None) -> pd.DataFrame:
    """Each reader's figure of merit by modality, with the period it was read in."""
    if main is None:
        raise DataError("there is no primary analysis")
    values = pd.DataFrame(
        [(each.reader, each.modality, each.estimate) for each in main.foms],
        columns=["reader", "modality", "value"],
    )
    return values.merge(_periods(tables), on=["reader", "modality"])


def _periods(tables: Tables) -> pd.DataFrame:
    reads = tables.reads
    if "period" not in reads or reads["period"].isna().all():
        raise DataError("the reads name no period")
    found = reads.assign(modality=reads["modality"].astype(str))
    found = found[["reader", "modality", "period"]].drop_duplicates()
    if found.duplicated(["reader", "modality"]).any():
        raise DataError("a modality was read in several periods: this is no two-period crossover")
    return found


def _log_time(tables: Tables) -> pd.DataFrame:
    """Each reader's mean log active time by modality."""
    periods = _periods(tables)
    timed = _timed(tables)
    timed = timed[timed["active_s"] > 0]
    means = (
        timed.assign(value=np.log(timed["active_s"].astype(float)))
        .groupby(["reader", "modality"], observed=True)["value"]
        .mean()
    )
    return means.reset_index().merge(periods, on=["reader", "modality"])


def _timed(tables: Tables) -> pd.DataFrame:
    reads = tables.reads
    if "active_s" not in reads:
        raise DataError("the reads have no times")
    kept = reads[reads["active_s"].notna()]
    return pd.DataFrame(kept).assign(modality=kept["modality"].astype(str))
