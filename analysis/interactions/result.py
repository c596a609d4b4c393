"""What AI did at each level of a factor, and the test that it did the same at all of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from analysis.results import finite
from analysis.version import VERSION
from analysis.words import count_text, interval_text, level_text, p_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Kind = Literal["reader", "case", "lesion"]


@dataclass(frozen=True)
class Level:
    """The difference test minus reference at one level, with its own interval and t test."""

    level: str
    test: str
    reference: str
    n_readers: int
    n_cases: int
    n_lesions: int | None
    estimate: float
    std_error: float
    df: float
    ci_low: float
    ci_high: float
    p_value: float


@dataclass(frozen=True)
class Interaction:
    """Test that the difference test minus reference is the same at all levels."""

    test: str
    levels: int
    statistic: float
    df1: float | None
    df2: float | None
    p_value: float


@dataclass(frozen=True)
class Subgroups:
    """What `analysis.subgroups` returns.

    Attributes
    ----------
    by : str
        The factor.
    kind : {"reader", "case", "lesion"}
        What its levels divide.
    levels : tuple of Level
        A row a level and test arm.
    interactions : tuple of Interaction
        One a test arm.
    """

    by: str
    kind: Kind
    fom: str
    label: str
    random: str
    levels: tuple[Level, ...]
    interactions: tuple[Interaction, ...]
    alpha: float = 0.05
    higher_is_better: bool = True
    warnings: tuple[str, ...] = ()
    version: str = VERSION

    def to_json(self) -> dict[str, Any]:
        """The result as plain values; None where a number is not finite."""
        found: Mapping[str, Any] = finite(asdict(self))
        return dict(found)

    def frame(self) -> pd.DataFrame:
        """A row a level and test arm."""
        return pd.DataFrame(self.to_json()["levels"])

    def statement(self) -> str:
        """The levels and the test of interaction in a paragraph."""
        parts = []
        for test in self.interactions:
            rows = [each for each in self.levels if each.test == test.test]
            shown = "; ".join(
                f"{each.level} {each.estimate:+z.3f} ({interval_text(each.ci_low, each.ci_high)}, "
                f"{self._counted(each)})"
                for each in rows
            )
            alike = "the same" if test.p_value >= self.alpha else "not the same"
            verb = "could be" if test.p_value >= self.alpha else "was"
            parts.append(
                f"Difference in {self.label}, {test.test} minus {rows[0].reference}, by "
                f"{self.by} ({level_text(self.alpha)}): {shown}. It {verb} {alike} at all levels "
                f"(test of interaction {p_text(test.p_value)})."
            )
        if self.warnings:
            parts.append(f"Note: {'; '.join(self.warnings)}.")
        return " ".join(parts)

    def _counted(self, each: Level) -> str:
        if self.kind == "reader":
            return count_text(each.n_readers, "reader")
        if self.kind == "lesion" and each.n_lesions is not None:
            return count_text(each.n_lesions, "lesion")
        return count_text(each.n_cases, "case")

    def plot(self) -> "Figure":
        """A forest of the levels."""
        from analysis.figures import ForestRow, forest_figure

        several = len(self.interactions) > 1
        rows = [
            ForestRow(
                f"{each.level}, {each.test}" if several else each.level,
                each.estimate, each.ci_low, each.ci_high,
            )
            for each in self.levels
        ]  # fmt: skip
        return forest_figure(rows, words=f"Difference in {self.label}")
