"""Tables that cannot be analysed are refused with the row and what is wrong with it."""

import numpy as np
import pandas as pd
import pytest

from analysis.dataset import DataError, Dataset

Row = tuple[str, str, str, int, float]


def table(*rows: Row) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["reader", "modality", "case", "truth", "rating"])


GOOD = [
    ("R1", "A", "c1", 0, 1.0),
    ("R1", "A", "c2", 1, 3.0),
    ("R1", "B", "c1", 0, 2.0),
    ("R1", "B", "c2", 1, 5.0),
]


def test_axes_are_modality_reader_case() -> None:
    dataset = Dataset.from_table(table(*GOOD))
    assert dataset.ratings.tolist() == [[[1, 3]], [[2, 5]]]
    assert (dataset.modalities, dataset.readers) == (("A", "B"), ("R1",))
    assert dataset.truth.tolist() == [False, True]


def test_a_row_that_is_not_there_is_a_read_that_was_not_made() -> None:
    dataset = Dataset.from_table(table(*GOOD[:3]))
    assert np.isnan(dataset.ratings[1, 0, 1])
    assert not dataset.complete


def test_the_table_comes_back() -> None:
    frame = table(*GOOD)
    pd.testing.assert_frame_equal(
        Dataset.from_table(frame).table(), frame, check_dtype=False, check_like=True
    )


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([*GOOD, GOOD[0]], "row 5: duplicated read: reader R1, modality A, case c1 is in row 1"),
        ([*GOOD, ("R2", "A", "c1", 1, 1)], "case c1 has two truths"),
        ([*GOOD[:1], ("R1", "A", "c9", 0, 2)], "only one class: all 2 cases are without"),
        ([*GOOD[:3], ("R1", "B", "c2", 1, np.nan)], "row 4: no rating .reader R1, modality B"),
        ([*GOOD[:3], ("R1", "B", "c2", 1, np.inf)], "row 4: rating inf is not a finite"),
        ([(*row[:4], 2.0) for row in GOOD], "constant ratings: every row has rating 2"),
        ([*GOOD[:3], ("R1", "B", "c2", 2, 5.0)], "row 4: truth 2 is not 0 or 1"),
        ([*GOOD[:3], (None, "B", "c2", 1, 5.0)], "row 4: no reader"),
        ([*GOOD[:3], ("R1", "B", "c2", None, 5.0)], "row 4: no truth; it must be 0 or 1"),
        ([], "no rows"),
    ],
)
def test_errors_name_the_row_and_what_is_wrong(rows: list[Row], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Dataset.from_table(table(*rows))


def test_text_for_a_rating_is_named() -> None:
    frame = table(*GOOD).astype({"rating": object})
    frame.loc[2, "rating"] = "high"
    with pytest.raises(DataError, match="row 3: rating 'high' is not a number"):
        Dataset.from_table(frame)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DataError, match="no column truth"):
        Dataset.from_table(table(*GOOD).drop(columns="truth"))


def test_a_rating_for_an_unknown_case_is_named() -> None:
    cases = pd.DataFrame({"case": ["c1", "c3"], "truth": [0, 1]})
    with pytest.raises(DataError, match="row 2: a rating for an unknown case c2"):
        Dataset.from_table(table(*GOOD).drop(columns="truth"), cases)


def test_a_list_of_cases_brings_cases_that_nobody_read() -> None:
    cases = pd.DataFrame({"case": ["c1", "c2", "c3"], "truth": [0, 1, 1]})
    dataset = Dataset.from_table(table(*GOOD).drop(columns="truth"), cases)
    assert dataset.cases == ("c1", "c2", "c3")
    assert not dataset.read[:, :, 2].any()


def test_names_are_text_and_sorted_as_people_sort() -> None:
    names = ["10", "9", "1.10", "1.1", "R10", "R9"]
    rows = [("R", "A", name, at % 2, float(at)) for at, name in enumerate(names)]
    assert Dataset.from_table(table(*rows)).cases == ("1.1", "1.10", "9", "10", "R9", "R10")


def test_whole_numbers_and_their_text_are_one_name() -> None:
    frame = table(*GOOD).astype({"case": object})
    frame["case"] = [1, 2, "1", 2.0]
    assert Dataset.from_table(frame).cases == ("1", "2")


def test_a_categorical_column_keeps_its_order() -> None:
    frame = table(*GOOD)
    frame["modality"] = pd.Categorical(frame["modality"], categories=["B", "A", "unused"])
    assert Dataset.from_table(frame).modalities == ("B", "A")


def test_arrays_are_frozen() -> None:
    dataset = Dataset.from_table(table(*GOOD))
    with pytest.raises(ValueError, match="read-only"):
        dataset.ratings[0, 0, 0] = 9


def test_arrays_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(DataError, match="the names say"):
        Dataset(np.zeros((1, 2, 3)), np.zeros(3, bool), ("A",), ("R",), ("1", "2", "3"))
