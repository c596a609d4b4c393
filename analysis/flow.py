"""The flow of readers and reads through a study, from the allocation to the analysis.

The counts that the CONSORT 2010 flow diagram asks for, with reads as units beside readers: what
was allocated to each arm, what was read, and what became of the rest.
"""

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from analysis.tables import DataError, Names, need_columns

ANALYSED = "submitted"
LOST = ("voided", "withdrawn", "opened", "not read")  # in the order in which they are told
STATES = (ANALYSED, *LOST)


@dataclass(frozen=True)
class ArmFlow:
    """What became of one arm's allocated reads."""

    modality: str
    readers: int  # with at least one read allocated to it
    allocated: int
    analysed: int
    voided: int
    withdrawn: int  # with their reader or their case
    opened: int  # begun and never signed
    not_read: int


@dataclass(frozen=True)
class Flow:
    """Readers and reads of a study; training is not counted."""

    readers: int
    readers_withdrawn: int
    cases: int
    arms: tuple[ArmFlow, ...]

    def to_json(self) -> dict[str, Any]:
        """The counts."""
        return asdict(self) | {"arms": [asdict(each) for each in self.arms]}

    def statement(self) -> str:
        """In a sentence, as a paper's results section begins."""
        allocated = sum(each.allocated for each in self.arms)
        analysed = sum(each.analysed for each in self.arms)
        left = f" ({self.readers_withdrawn} withdrew)" if self.readers_withdrawn else ""
        text = (
            f"{self.readers} readers{left} were allocated {allocated} reads of {self.cases} cases;"
            f" {analysed} ({_percent(analysed, allocated)}) were signed and analysed"
        )
        lost = [
            f"{count} {words}"
            for name, words in _WORDS.items()
            if (count := sum(getattr(each, name) for each in self.arms))
        ]
        return f"{text}; {', '.join(lost)}." if lost else f"{text}."


_WORDS = {
    "voided": "voided",
    "withdrawn": "withdrawn",
    "opened": "begun and not signed",
    "not_read": "not read",
}


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "none"


def flow(allocation: pd.DataFrame, readers: pd.DataFrame | None = None, order: Names = ()) -> Flow:
    """Count the flow.

    Parameters
    ----------
    allocation : DataFrame
        A row an allocated read: reader, case, arm, period (0: training), status (submitted,
        voided, withdrawn, opened, or not read).
    readers : DataFrame, optional
        reader, withdrawn (1 or 0).
    order : tuple of str
        The arms' order; others follow.

    Raises
    ------
    DataError
        When a column is missing, or a status is none of those.
    """
    need_columns(allocation, ("reader", "case", "arm", "period", "status"), "allocation")
    rows = allocation[allocation["period"].astype(int) > 0]
    status = rows["status"]
    stray = ~status.isin(STATES)
    if stray.any():
        words = f"allocation: {status[stray].iloc[0]!r} is none of {', '.join(STATES)}"
        raise DataError(words)
    names = sorted(rows["arm"].astype(str).unique())
    ordered = [each for each in order if each in names]
    ordered += [each for each in names if each not in ordered]
    arms = tuple(_arm(name, rows[rows["arm"].astype(str) == name], status) for name in ordered)
    gone = 0 if readers is None else int((readers["withdrawn"].astype(int) == 1).sum())
    enrolled = rows["reader"].nunique() if readers is None else len(readers)
    return Flow(int(enrolled), gone, int(rows["case"].nunique()), arms)


def _arm(name: str, rows: pd.DataFrame, status: "pd.Series[str]") -> ArmFlow:
    counts = status[rows.index].value_counts()
    analysed, *lost = (int(counts.get(each, 0)) for each in STATES)
    return ArmFlow(name, int(rows["reader"].nunique()), len(rows), analysed, *lost)
