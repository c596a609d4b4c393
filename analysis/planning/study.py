"""`analysis.power`: how likely a study of J readers and K cases is to show an effect.

Hillis, Obuchowski and Berbaum, Acad Radiol 2011; 18:129-142 for crossed readers; Hillis, Stat Med
2014; 33:330-360 for readers nested in modality and for split-plot designs. Negative reader x
modality variances and Cov2 - Cov3 count as 0.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import pandas as pd
from scipy import stats

from analysis.planning.components import Components, from_result
from analysis.results import MrmcResult, finite
from analysis.tables import DataError
from analysis.version import VERSION
from analysis.words import percent_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Design = Literal["crossed", "parallel", "split-plot"]
Hypothesis = Literal["superiority", "non_inferiority", "equivalence"]
Random = Literal["readers+cases", "readers", "cases"]
MAX_CASES = 100_000
MAX_READERS = 1_000


@dataclass(frozen=True)
class Plan:
    """The study that is planned.

    Attributes
    ----------
    effect : float
        True difference of the two modalities, AI minus control.
    design : {"crossed", "parallel", "split-plot"}
        crossed: every reader reads every case in both modalities. parallel: half of the readers
        in each modality, all on the same cases. split-plot: `groups` groups of readers, each
        crossed on its own block of the cases.
    """

    effect: float
    design: Design = "crossed"
    groups: int = 1
    hypothesis: Hypothesis = "superiority"
    margin: float = 0.0
    alpha: float = 0.05
    random: Random = "readers+cases"


@dataclass(frozen=True)
class Power:
    """Power of one choice of readers and cases."""

    readers: int
    cases: int
    power: float
    std_error: float
    ncp: float
    df2: float
    critical: float


@dataclass(frozen=True)
class PowerResult:
    """What `analysis.power` returns: a row for each choice of readers and cases."""

    plan: Plan
    components: Components
    rows: tuple[Power, ...]
    warnings: tuple[str, ...] = ()
    version: str = VERSION

    def to_json(self) -> dict[str, Any]:
        """The result as plain values."""
        tree = {
            "plan": asdict(self.plan),
            "components": asdict(self.components),
            "power": [asdict(each) for each in self.rows],
            "warnings": list(self.warnings),
            "version": self.version,
        }
        return {name: finite(value) for name, value in tree.items()}

    def frame(self) -> pd.DataFrame:
        """A row for each choice."""
        return pd.DataFrame(self.to_json()["power"])

    def statement(self) -> str:
        """What the plan promises, in a sentence for each choice."""
        test, level = self.plan.hypothesis.replace("_", "-"), self.plan.alpha
        if self.plan.hypothesis == "non_inferiority":
            test, level = f"{test} (one-sided)", level / 2
        design = {"crossed": "fully crossed"}.get(self.plan.design, self.plan.design)
        parts = [
            f"With {each.readers} readers and {each.cases} cases in a {design} design, a test of "
            f"{test} at the level of {100 * level:g} % has a power of "
            f"{percent_text(each.power)} if the true difference is {self.plan.effect:+z.3f}."
            for each in self.rows
        ]
        return " ".join([*parts, f"Variances: {self.components.source}."])

    def plot(self) -> "Figure":
        """Power against the number of cases, a line for each number of readers."""
        from analysis.figures.power import power_figure

        return power_figure(self)


def power(  # noqa: PLR0913  the choices of a plan, all named
    pilot: MrmcResult | Components,
    *,
    readers: int | Iterable[int],
    cases: int | Iterable[int],
    effect: float | None = None,
    design: Design = "crossed",
    groups: int = 1,
    hypothesis: Hypothesis = "superiority",
    margin: float = 0.0,
    alpha: float = 0.05,
    random: Random = "readers+cases",
) -> PowerResult:
    """Power of a two-modality study for every choice of readers and cases.

    Parameters
    ----------
    pilot : MrmcResult or Components
        The result of `analysis.mrmc` or `analysis.froc` on pilot data, or variances
        (`analysis.planning.components.conjectured`).
    readers, cases : int or several
        All readers and all cases of the study, over its arms and groups.
    effect : float, optional
        True difference AI minus control; the pilot's absolute difference when left out.
    design, groups, hypothesis, margin, alpha, random
        See `Plan`. Non-inferiority is tested by the 1 - alpha interval, that is one-sided at
        alpha / 2; equivalence by two one-sided tests at alpha each (as `analysis.mrmc` does).

    Returns
    -------
    PowerResult

    Raises
    ------
    DataError
        For a plan that cannot be: no effect, odd readers in two parallel arms, ...

    Examples
    --------
    >>> import pandas as pd, analysis
    >>> pilot = analysis.mrmc(pd.read_csv("tests/data/reference/vandyke.csv"))
    >>> round(power(pilot, readers=6, cases=251).rows[0].power, 6)
    0.80054
    """
    parts = from_result(pilot) if isinstance(pilot, MrmcResult) else pilot
    true = parts.effect if effect is None else effect
    if true is None:
        raise DataError("Say which effect the study should find: the variances come without one.")
    plan = Plan(true, design, groups, hypothesis, margin, alpha, random)
    _check(plan)
    rows = tuple(
        power_of(parts, plan, each_j, each_k)
        for each_j in _list(readers)
        for each_k in _list(cases)
    )
    return PowerResult(plan, parts, rows, _cautions(parts))


def power_of(parts: Components, plan: Plan, readers: int, cases: int) -> Power:
    """Power of one choice of readers and cases."""
    variance, df = _difference_variance(parts, plan, readers, cases)
    if variance <= 0:
        raise DataError("The variances give the difference no variance: there is nothing to plan.")
    error = math.sqrt(variance)
    ncp = (plan.effect / error) ** 2
    if plan.hypothesis == "superiority":
        critical = _f_isf(plan.alpha, df)
        return Power(readers, cases, _ncf_sf(critical, df, ncp), error, ncp, df, critical)
    one_sided = plan.alpha if plan.hypothesis == "equivalence" else plan.alpha / 2
    critical = _t_isf(one_sided, df)
    low = _nct_sf(critical, df, (plan.effect + plan.margin) / error)
    if plan.hypothesis == "non_inferiority":
        return Power(readers, cases, low, error, ncp, df, critical)
    high = _nct_sf(critical, df, (plan.margin - plan.effect) / error)
    return Power(readers, cases, max(low + high - 1, 0.0), error, ncp, df, critical)


def cases_for(
    parts: Components, plan: Plan, *, readers: int, target: float = 0.8
) -> tuple[int, Power] | None:
    """The smallest number of cases that reaches the target, or None if no number does."""
    step = plan.groups if plan.design == "split-plot" else 1
    return _smallest(
        lambda k: power_of(parts, plan, readers, k * step), target, (4, MAX_CASES // step), step
    )


def readers_for(
    parts: Components, plan: Plan, *, cases: int, target: float = 0.8
) -> tuple[int, Power] | None:
    """The smallest number of readers that reaches the target, or None if no number does."""
    step = {"crossed": 1, "parallel": 2, "split-plot": plan.groups}[plan.design]
    first = 2 if plan.design != "crossed" or plan.random != "cases" else 1
    return _smallest(
        lambda j: power_of(parts, plan, j * step, cases), target, (first, MAX_READERS // step), step
    )


def _smallest(
    at: Callable[[int], Power], target: float, limits: tuple[int, int], step: int
) -> tuple[int, Power] | None:
    """Bisection: power grows with readers and with cases."""
    low, high = limits
    if not 0 < target < 1:
        raise DataError("The target power must lie between 0 and 1.")
    if at(high).power < target:
        return None
    while low < high:
        middle = (low + high) // 2
        if at(middle).power >= target:
            high = middle
        else:
            low = middle + 1
    return low * step, at(low)


def _difference_variance(
    parts: Components, plan: Plan, readers: int, cases: int
) -> tuple[float, float]:
    """Variance of the difference of two modalities, and its Hillis degrees of freedom."""
    groups = plan.groups if plan.design == "split-plot" else 1
    arms = 2 if plan.design == "parallel" else 1
    J = readers // arms
    if readers % (groups * arms) or J // groups < 1 or cases < 2 * groups:
        raise DataError(
            f"{readers} readers and {cases} cases cannot be shared evenly over "
            f"{groups} groups and {arms} arms."
        )
    scale = parts.n_cases * groups / cases
    error, cov1 = parts.var_error * scale, parts.cov1 * scale
    shared = max(parts.cov2 - parts.cov3, 0.0) * scale
    reader = 0.0 if plan.random == "cases" else max(parts.var_tr, 0.0)
    if plan.design == "parallel":
        reader += 0.0 if plan.random == "cases" else parts.var_r
        square = reader + error - max(parts.cov2, 0.0) * scale
        df0 = 2.0 * (J - 1)
    else:
        square = reader + error - cov1 - shared
        df0 = float(J - groups)
    total = square if plan.random == "readers" else square + J / groups * shared
    if plan.random == "cases":
        return 2 / J * total, math.inf
    if df0 < 1:
        raise DataError("Readers are random: plan two readers at least in each group and arm.")
    df = df0 if plan.random == "readers" else (total / max(square, 1e-300)) ** 2 * df0
    return 2 / J * total, df


def _check(plan: Plan) -> None:
    for value, known in (
        (plan.design, Design),
        (plan.hypothesis, Hypothesis),
        (plan.random, Random),
    ):
        if value not in get_args(known):
            raise DataError(f"{value!r} is unknown: use one of {', '.join(get_args(known))}.")
    if not 0 < plan.alpha < 1 or plan.groups < 1:
        raise DataError("alpha must lie between 0 and 1, and groups be 1 or more.")
    if plan.hypothesis != "superiority" and plan.margin <= 0:
        raise DataError(f"A test of {plan.hypothesis.replace('_', '-')} needs a margin above 0.")
    if plan.hypothesis == "superiority" and plan.effect == 0:
        raise DataError("Superiority cannot be shown of an effect of 0: give the effect to find.")


def _cautions(parts: Components) -> tuple[str, ...]:
    found = []
    if parts.var_tr < 0:
        found.append(f"The pilot's reader x modality variance ({parts.var_tr:.3g}) counts as 0.")
    if parts.cov2 < parts.cov3:
        found.append("The pilot's Cov2 is below Cov3: their difference counts as 0.")
    return tuple(found)


def _list(values: int | Iterable[int]) -> Sequence[int]:
    return [values] if isinstance(values, int) else list(values)


def _f_isf(alpha: float, df: float) -> float:
    infinite = math.isinf(df)
    return float(stats.chi2.isf(alpha, 1) if infinite else stats.f.isf(alpha, 1, df))


def _ncf_sf(value: float, df: float, ncp: float) -> float:
    infinite = math.isinf(df)
    return float(stats.ncx2.sf(value, 1, ncp) if infinite else stats.ncf.sf(value, 1, df, ncp))


def _t_isf(alpha: float, df: float) -> float:
    return float(stats.norm.isf(alpha) if math.isinf(df) else stats.t.isf(alpha, df))


def _nct_sf(value: float, df: float, nc: float) -> float:
    infinite = math.isinf(df)
    return float(stats.norm.sf(value - nc) if infinite else stats.nct.sf(value, df, nc))
