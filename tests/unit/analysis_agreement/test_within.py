"""R13: agreement of readers with themselves is the ICC and the limits of first and second reads."""

import pandas as pd
import pytest

from analysis.agreement import bland_altman, icc
from analysis.agreement.within import within_readers
from analysis.tables import DataError

FIRST = [10.0, 40.0, 70.0, 90.0, 55.0]
AGAIN = [15.0, 35.0, 80.0, 85.0, 50.0]


def reads(reader: str, ratings: list[float], modality: str = "A") -> pd.DataFrame:
    cases = [f"C-{n}" for n in range(len(ratings))]
    return pd.DataFrame({"reader": reader, "modality": modality, "case": cases, "rating": ratings})


def test_r13_a_reader_is_compared_with_themself_in_the_same_arm() -> None:
    other_arm = reads("R01", [99.0] * 5, "B")
    first = pd.concat([reads("R01", FIRST), other_arm, reads("R02", AGAIN)])
    again = pd.concat([reads("R01", AGAIN), reads("R02", AGAIN)])
    one, two, everybody = within_readers(first, again)["readers"]
    pairs = [list(pair) for pair in zip(FIRST, AGAIN, strict=True)]
    assert one["icc"]["estimate"] == pytest.approx(icc(pairs).estimate)
    assert one["difference"]["estimate"] == pytest.approx(bland_altman(FIRST, AGAIN).estimate)
    assert two["icc"]["estimate"] == 1.0
    assert (everybody["reader"], everybody["pairs"]) == ("all", 10)


def test_r13_cases_without_a_first_read_or_a_rating_are_left_out() -> None:
    first = reads("R01", FIRST).query("case != 'C-0'")
    again = reads("R01", AGAIN)
    again.loc[again["case"] == "C-1", "rating"] = None
    assert within_readers(first, again)["pairs"] == 3


def test_r13_too_few_pairs_are_said_and_stop_nothing() -> None:
    first = pd.concat([reads("R01", FIRST[:2]), reads("R02", FIRST)])
    again = pd.concat([reads("R01", AGAIN[:2]), reads("R02", AGAIN)])
    few, enough, everybody = within_readers(first, again)["readers"]
    assert "2" in few["error"]
    assert "icc" in enough
    assert "icc" in everybody
    with pytest.raises(DataError, match="rating"):
        within_readers(first, again.drop(columns="rating"))
