"""The statistical analysis plan as the report reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from analysis.multireader.obuchowski_rockette import Random
from analysis.tables import DataError

Hypothesis = Literal["superiority", "non_inferiority", "equivalence"]
LOCALISATION = ("wafroc", "sensitivity", "fp_per_case")


@dataclass(frozen=True)
class Variant:
    """A sensitivity analysis: the primary one with something changed."""

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What is asked, fixed before the data are seen.

    Made from the protocol's dictionary: `primary` (fom, hypothesis, margin, alpha, method,
    covariance, random), `localisation` (foms), `time` (outliers), `sensitivity` (analyses: name
    and what changes), `control` (the control arm's name), `call_threshold` (the rating from which
    a read counts as a positive call; 50 when left out).
    """

    fom: str = "auc"
    hypothesis: Hypothesis = "superiority"
    margin: float = 0.0
    alpha: float = 0.05
    method: str = "or"
    covariance: str = "jackknife"
    random: Random = "readers+cases"
    localisation: tuple[str, ...] = LOCALISATION
    time: bool = True
    outliers: str = "none"
    call_threshold: float = 50.0
    control: str | None = None
    variants: tuple[Variant, ...] | None = None

    @classmethod
    def from_dict(cls, plan: Mapping[str, Any]) -> "Plan":
        """Read the protocol's dictionary; parts that are not there take their default.

        Raises
        ------
        DataError
            For a hypothesis that is unknown, or that lacks its margin.
        """
        primary = dict(plan.get("primary", {}))
        known = {name: primary[name] for name in PRIMARY if name in primary}
        found = cls(
            **known,
            localisation=tuple(plan.get("localisation", {}).get("foms", LOCALISATION)),
            time=plan.get("time") is not False,
            outliers=str((plan.get("time") or {}).get("outliers") or "none"),
            control=plan.get("control"),
            call_threshold=float(plan.get("call_threshold", cls.call_threshold)),
            variants=_variants(plan.get("sensitivity", {})),
        )
        if found.hypothesis not in get_args(Hypothesis):
            raise DataError(f"The plan's hypothesis {found.hypothesis!r} is unknown.")
        if found.hypothesis != "superiority" and found.margin <= 0:
            words = found.hypothesis.replace("_", "-")
            raise DataError(f"The plan tests {words}: it needs a margin above 0.")
        return found


PRIMARY = ("fom", "hypothesis", "margin", "alpha", "method", "covariance", "random")


def _variants(sensitivity: Mapping[str, Any]) -> tuple[Variant, ...] | None:
    if "analyses" not in sensitivity:
        return None
    return tuple(
        Variant(str(each["name"]), {key: each[key] for key in PRIMARY if key in each})
        for each in sensitivity["analyses"]
    )


def default_variants(plan: Plan) -> tuple[Variant, ...]:
    """What is varied when the plan does not say: readers fixed, cases fixed, other variances."""
    found = [
        Variant("readers fixed", {"random": "cases"}),
        Variant("cases fixed", {"random": "readers"}),
    ]
    if plan.fom == "auc" and plan.method == "or":
        found.append(Variant("DeLong covariance", {"covariance": "delong"}))
        found.append(Variant("U-statistics", {"method": "ustat"}))
    return tuple(found)
