"""S11: the flow of readers and reads is counted from the allocation, and drawn."""

import pandas as pd
import pytest

from analysis.figures import flow_figure, svg
from analysis.flow import flow
from analysis.tables import DataError

READERS = pd.DataFrame({"reader": ["R01", "R02", "R03"], "withdrawn": [0, 0, 1]})


def allocation() -> pd.DataFrame:
    """Two readers x three cases x two arms, a third reader who left, and a training row each."""
    rows = [
        (reader, case, arm, period, "submitted")
        for reader in ("R01", "R02", "R03")
        for period, arm in ((1, "A"), (2, "B"))
        for case in ("C1", "C2", "C3")
    ]
    rows += [(reader, "T1", "A", 0, "submitted") for reader in ("R01", "R02", "R03")]
    table = pd.DataFrame(rows, columns=["reader", "case", "arm", "period", "status"])
    table.loc[(table["reader"] == "R03") & (table["period"] == 2), "status"] = "withdrawn"
    table.loc[0, "status"] = "voided"
    table.loc[1, "status"] = "opened"
    table.loc[3, "status"] = "not read"
    return table


def test_every_allocated_read_is_counted_once_and_training_is_not() -> None:
    found = flow(allocation(), READERS, ("A", "B"))
    assert (found.readers, found.readers_withdrawn, found.cases) == (3, 1, 3)
    a, b = found.arms
    assert (a.modality, a.allocated, a.analysed, a.voided, a.opened) == ("A", 9, 7, 1, 1)
    assert (b.allocated, b.analysed, b.withdrawn, b.not_read) == (9, 5, 3, 1)
    for arm in found.arms:
        parts = (arm.analysed, arm.voided, arm.withdrawn, arm.opened, arm.not_read)
        assert sum(parts) == arm.allocated


def test_it_is_said_as_a_paper_says_it() -> None:
    words = flow(allocation(), READERS).statement()
    assert words == (
        "3 readers (1 withdrew) were allocated 18 reads of 3 cases; 12 (67 %) were signed and"
        " analysed; 1 voided, 3 withdrawn, 1 begun and not signed, 1 not read."
    )
    whole = allocation().assign(status="submitted")
    assert flow(whole, READERS.head(2)).statement().endswith("18 (100 %) were signed and analysed.")


def test_the_arms_come_in_the_order_asked_for() -> None:
    assert [each.modality for each in flow(allocation(), order=("B",)).arms] == ["B", "A"]


def test_an_unknown_status_is_named() -> None:
    with pytest.raises(DataError, match="'lost' is none of"):
        flow(allocation().assign(status="lost"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_figure_holds_every_count_and_is_the_same_twice(theme: str) -> None:
    found = flow(allocation(), READERS)
    drawn = svg(flow_figure(found, {"A": "Without AI"}, theme=theme))
    for words in ("Without AI", "9 reads allocated", "7 analysed", "1 voided", "3 withdrawn"):
        assert words in drawn.decode()
    assert drawn == svg(flow_figure(found, {"A": "Without AI"}, theme=theme))
