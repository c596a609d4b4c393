"""R13: agreement of readers with themselves is the ICC and the limits of first and second reads."""

import pandas as pd
import pytest

from analysis.agreement import bland_altman, cohen_kappa, icc
from analysis.agreement.within import lesions_found_again, within_readers
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


TRUTH = pd.DataFrame({"case": ["C-0", "C-0", "C-1", "C-2", "C-3"], "lesion": [1, 2, 1, 0, 1]})


def marks(reader: str, *found: tuple[str, int]) -> pd.DataFrame:
    rows = [(reader, "A", case, lesion) for case, lesion in found]
    return pd.DataFrame(rows, columns=["reader", "modality", "case", "lesion"])


def test_r13_lesions_are_counted_by_which_of_the_two_reads_found_them() -> None:
    """A second mark on a lesion is no second finding; a case that was read once does not count."""
    reads_first = reads("R01", [50.0] * 4)
    reads_again = reads("R01", [50.0] * 3)  # C-3 was not read again
    first = marks("R01", ("C-0", 1), ("C-0", 1), ("C-1", 1), ("C-2", 0), ("C-2", -1), ("C-3", 1))
    again = marks("R01", ("C-0", 1), ("C-0", 2), ("C-1", 0))
    one, everybody = lesions_found_again((reads_first, first), (reads_again, again), TRUTH)[
        "readers"
    ]
    counts = {name: one[name] for name in one if name not in {"reader", "kappa"}}
    assert counts == {
        "lesions": 3, "both": 1, "first_only": 1, "again_only": 1, "neither": 0,
        "false_first": 2, "false_again": 1,
    }  # fmt: skip
    by_hand = cohen_kappa([[1, 1], [0, 1], [1, 0]])
    assert one["kappa"]["estimate"] == pytest.approx(by_hand.estimate)
    assert everybody == one | {"reader": "all"}


def test_r13_a_reader_who_finds_all_or_marks_nothing_has_counts_and_no_kappa() -> None:
    both = reads("R01", [50.0] * 4), marks("R01", *((each, 1) for each in ("C-0", "C-1", "C-3")))
    nothing = reads("R02", [50.0] * 4), marks("R02")
    first = tuple(pd.concat(pair) for pair in zip(both, nothing, strict=True))
    rows = lesions_found_again(first, first, TRUTH.query("lesion < 2"))["readers"]
    assert [(each["both"], each["neither"]) for each in rows] == [(3, 0), (0, 3), (3, 3)]
    assert ["kappa" in each for each in rows] == [False, False, True]
    with pytest.raises(DataError, match="lesion"):
        lesions_found_again(first, (both[0], both[1].drop(columns="lesion")), TRUTH)
