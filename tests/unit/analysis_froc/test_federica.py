"""S3: FROC figures of merit and inference against RJafroc 2.1.3 on its dataset04 ("Federica")."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.freeresponse.curves import average_curve, reader_curve
from analysis.freeresponse.data import FrocData
from analysis.freeresponse.foms import FOMS, jackknife
from analysis.freeresponse.named import fom_named
from analysis.results import MrmcResult

REFERENCE = Path(__file__).parents[2] / "data" / "reference"
FOM_NAMES = ["wAFROC", "wAFROC1", "AFROC", "AFROC1", "HrAuc", "HrSe", "HrSp", "MaxLLF", "MaxNLF"]
RANDOM = {"RRRC": "readers+cases", "FRRC": "cases", "RRFC": "readers"}
COLUMNS = {
    "estimate": "Estimate",
    "std_error": "StdErr",
    "ci_low": "CILower",
    "ci_high": "CIUpper",
}
TIGHT = {"rel": 1e-9, "abs": 1e-12}


@pytest.fixture(scope="module")
def marks() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "federica_marks.csv")


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "federica_truth.csv")


@pytest.fixture(scope="module")
def oracle() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REFERENCE / "federica_rjafroc.json").read_text())
    return dict(found["results"])


@pytest.mark.parametrize("name", FOM_NAMES)
@pytest.mark.parametrize("kind", RANDOM)
def test_rjafroc_is_matched(
    marks: pd.DataFrame, truth: pd.DataFrame, oracle: dict[str, Any], name: str, kind: str
) -> None:
    expected = oracle[f"{name}|OR|jackknife|{kind}"]
    found = analysis.froc(marks, truth, fom=name.lower(), random=RANDOM[kind])
    foms = expected["FOMs"]["foms"]
    columns = [foms[key] for key in foms if key != "_row"]  # rdr1, rdr3, rdr4, rdr5 are 1 to 4
    for one in found.foms:
        theirs = columns[int(one.reader) - 1][int(one.modality) - 1]
        assert one.estimate == pytest.approx(theirs, **TIGHT)
    own = [found.components[key] for key in ("var_r", "var_tr", "cov1", "cov2", "cov3")]
    theirs = expected["ANOVA"]["VarCom"]["Estimates"]
    assert [*own, found.components["var_error"]] == pytest.approx(theirs, **TIGHT)
    tests = expected[kind]
    table = tests["FTests"]
    assert found.test.statistic == pytest.approx(_statistic(table), **TIGHT)
    assert found.test.p_value == pytest.approx(table["p"][0], **TIGHT)
    if kind != "FRRC":
        assert found.test.df2 == pytest.approx(table["DF"][1], **TIGHT)
    _parts_are_rjafrocs(found, expected)
    frame = found.frame()
    pairs = tests["ciDiffTrt"]
    p_value = "PrGTz" if kind == "FRRC" else "PrGTt"
    for ours, key in (*COLUMNS.items(), ("p_value", p_value)):
        assert frame[ours].tolist() == pytest.approx(pairs[key], **TIGHT)
    single = tests["ciAvgRdrEachTrt"]
    for ours, key in COLUMNS.items():
        assert [getattr(one, ours) for one in found.modalities] == pytest.approx(
            single[key], **TIGHT
        )


def _parts_are_rjafrocs(found: MrmcResult, expected: dict[str, Any]) -> None:
    """Mean squares, what single modalities and readers rest on, and each reader's differences."""
    tree, whole = found.to_json(), expected["ANOVA"]["TRanova"]
    assert list(tree["mean_squares"].values()) == pytest.approx(whole["MS"], **TIGHT)
    for part, ours in (("IndividualTrt", "modalities"), ("IndividualRdr", "readers")):
        columns = [v for name, v in expected["ANOVA"][part].items() if name not in ("DF", "_row")]
        rows = [list(row.values())[1:] for row in tree["parts"][ours]]
        assert np.array(rows) == pytest.approx(np.transpose(columns), **TIGHT)
    if "FRRC" in expected:
        table = expected["FRRC"]["ciDiffTrtEachRdr"]
        for ours, key in (*COLUMNS.items(), ("p_value", "PrGTz")):
            own = [row[ours] for row in tree["reader_differences"]]
            assert own == pytest.approx(table[key], **TIGHT)


def _statistic(table: dict[str, Any]) -> float:
    """RJafroc names it after the analysis: FStat (RRRC), F (RRFC), Chisq (FRRC)."""
    return float(next(table[key][0] for key in ("FStat", "F", "Chisq") if key in table))


@pytest.mark.parametrize("name", FOMS)
def test_the_closed_form_jackknife_is_what_removing_each_case_gives(
    marks: pd.DataFrame, truth: pd.DataFrame, name: str
) -> None:
    cases = [*range(1, 9), *range(101, 109)]
    few_truth, few = truth[truth["case"].isin(cases)], marks[marks["case"].isin(cases)]
    data = FrocData.from_tables(few, few_truth)
    fom = fom_named(name)
    _, covariance = jackknife(data, fom)
    removed = {"all": cases, "diseased": cases[8:], "healthy": cases[:8]}[fom.over]
    values = []
    for case in removed:
        # the reads that are left keep readers and modalities who then have no mark at all
        rest = few_truth[few_truth["case"] != case]
        grid = _grid(marks, rest)
        left = FrocData.from_tables(few[few["case"] != case], rest, grid)
        values.append(jackknife(left, fom)[0].ravel())
    number = len(removed)
    expected = (number - 1) ** 2 / number * np.cov(np.array(values).T)
    assert covariance.reshape(expected.shape) == pytest.approx(expected, rel=1e-9, abs=1e-15)


def _grid(marks: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    names = (marks["reader"].unique(), marks["modality"].unique(), truth["case"].unique())
    return pd.MultiIndex.from_product(names, names=["reader", "modality", "case"]).to_frame(
        index=False
    )


def test_reads_said_outright_change_nothing_in_a_complete_study(
    marks: pd.DataFrame, truth: pd.DataFrame
) -> None:
    told = analysis.froc(marks, truth, reads=_grid(marks, truth))
    assert told.to_json() == analysis.froc(marks, truth).to_json()


def test_a_missing_read_is_no_unmarked_case(marks: pd.DataFrame, truth: pd.DataFrame) -> None:
    grid = _grid(marks, truth)
    unread = (grid["reader"] == 1) & (grid["modality"] == 1) & grid["case"].isin([1, 4, 101])
    kept = marks.merge(grid[~unread], on=["reader", "modality", "case"])
    found = analysis.froc(kept, truth, reads=grid[~unread], fom="maxllf")
    lesions = truth[(truth["lesion"] > 0) & (truth["case"] != 101)]
    hits = kept[(kept["reader"] == 1) & (kept["modality"] == 1) & (kept["lesion"] > 0)]
    assert found.foms[0].estimate == pytest.approx(len(hits) / len(lesions), rel=1e-12)
    assert "3 of 4000 reads were not made" in " ".join(found.warnings)


def test_a_reader_of_one_modality_is_left_out_and_named(
    marks: pd.DataFrame, truth: pd.DataFrame
) -> None:
    grid = _grid(marks, truth)
    gone = (grid["reader"] == 3) & (grid["modality"] == 2)
    kept = marks.merge(grid[~gone], on=["reader", "modality", "case"])
    found = analysis.froc(kept, truth, reads=grid[~gone])
    assert found.readers == ("1", "2", "4")
    assert any("reader 3" in words for words in found.warnings)


def test_the_order_of_rows_means_nothing(marks: pd.DataFrame, truth: pd.DataFrame) -> None:
    mixed = marks.sample(frac=1, random_state=1)
    again = analysis.froc(mixed, truth.sample(frac=1, random_state=2), fom="afroc1")
    assert again.to_json() == analysis.froc(marks, truth, fom="afroc1").to_json()


def test_a_monotone_change_of_ratings_changes_no_figure(
    marks: pd.DataFrame, truth: pd.DataFrame
) -> None:
    warped = marks.assign(rating=np.exp(marks["rating"]) - 40)
    assert analysis.froc(warped, truth).foms == analysis.froc(marks, truth).foms


def test_froc_curve_ends_at_all_marks_and_afroc_area_is_its_figure_of_merit(
    marks: pd.DataFrame, truth: pd.DataFrame
) -> None:
    data = FrocData.from_tables(marks, truth)
    froc = reader_curve(data, "1", "1", "froc")
    mine = marks[(marks["reader"] == 1) & (marks["modality"] == 1)]
    assert froc.x[-1] == pytest.approx((mine["lesion"] == 0).sum() / 200)
    assert froc.y[-1] == pytest.approx((mine["lesion"] > 0).sum() / 142)
    for kind in ("afroc", "wafroc"):
        curve = reader_curve(data, "1", "1", kind)
        x, y = np.r_[curve.x, 1.0], np.r_[curve.y, 1.0]
        area = float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))
        assert area == pytest.approx(jackknife(data, fom_named(kind))[0][0, 0], rel=1e-12)
    average = average_curve([reader_curve(data, "1", name) for name in data.readers])
    assert (np.diff(average.y) >= -1e-12).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m, t: (m.assign(lesion=9), t), "marks, row 1: case 4 has no lesion 9 in truth"),
        (lambda m, t: (m.assign(rating=np.nan), t), "marks, row 1: the rating"),
        (lambda m, t: (m.assign(case=777), t), "case 777 is not in the truth table"),
        (lambda m, t: (m.drop(columns="rating"), t), "no column rating"),
        (lambda m, t: (m, t.assign(truth=2)), "truth, row 1: truth is not 0 or 1"),
        (lambda m, t: (m, t[t["truth"] == 1]), "without disease"),
        (lambda m, t: (m, t.assign(lesion=0)), "has disease .truth 1. but no lesion"),
        (lambda m, t: (m, pd.concat([t, t[-1:]])), "is there twice"),
    ],
)
def test_tables_that_cannot_be_used_are_refused_by_row(
    marks: pd.DataFrame, truth: pd.DataFrame, change: Any, message: str
) -> None:
    with pytest.raises(analysis.DataError, match=message):
        analysis.froc(*change(marks, truth))


def test_an_unknown_figure_of_merit_lists_those_there_are(
    marks: pd.DataFrame, truth: pd.DataFrame
) -> None:
    with pytest.raises(analysis.DataError, match="wafroc1"):
        analysis.froc(marks, truth, fom="jafroc9")


def test_parallel_arms_are_compared_with_readers_of_their_own(
    marks: pd.DataFrame, truth: pd.DataFrame
) -> None:
    grid = _grid(marks, truth)
    ours = {1: 1, 2: 1, 3: 2, 4: 2}
    kept = grid[grid["reader"].map(ours) == grid["modality"]]
    found = analysis.froc(
        marks.merge(kept, on=["reader", "modality", "case"]), truth, reads=kept, margin=0.05
    )
    whole = {(one.reader, one.modality): one.estimate for one in analysis.froc(marks, truth).foms}
    assert found.design == "readers nested in modalities"
    assert {one.estimate for one in found.foms} == {
        whole[str(reader), str(modality)] for reader, modality in ours.items()
    }
    assert found.test.df2 is not None
    assert len(found.margins) == 2


@pytest.mark.parametrize("name", ["wafroc", "hrsp", "maxllf"])
def test_dbm_is_the_same_test_as_obuchowski_rockette(
    marks: pd.DataFrame, truth: pd.DataFrame, name: str
) -> None:
    # Hillis et al. 2005: with the jackknife the two are one analysis
    ours, theirs = (analysis.froc(marks, truth, fom=name, method=way) for way in ("dbm", "or"))
    assert ours.test.statistic == pytest.approx(theirs.test.statistic, rel=1e-9)
    assert ours.test.df2 == pytest.approx(theirs.test.df2, rel=1e-9)
    assert ours.method == "dbm"


def test_dbm_refuses_missing_reads_and_unknown_methods(
    marks: pd.DataFrame, truth: pd.DataFrame
) -> None:
    grid = _grid(marks, truth).iloc[1:]
    kept = marks.merge(grid, on=["reader", "modality", "case"])
    with pytest.raises(analysis.DataError, match="DBM needs every reader"):
        analysis.froc(kept, truth, reads=grid, method="dbm")
    with pytest.raises(analysis.DataError, match="must be or, or dbm"):
        analysis.froc(marks, truth, method="jafroc")


def test_fewer_false_positives_are_better_by_the_margin(
    marks: pd.DataFrame, truth: pd.DataFrame
) -> None:
    """The margin is how many more there may be: modality 2 has more than 1, and not the reverse."""
    two = marks[marks["modality"] < 3]
    found = analysis.froc(two, truth, fom="fp_per_case", margin=0.05, random="cases")
    one, other = found.margins  # 1 against 2, 2 against 1
    assert (one.test, other.test) == ("1", "2")
    assert one.estimate < 0
    assert one.noninferior
    assert one.superior
    assert not other.noninferior
    assert not other.superior
    said = found.statement()
    assert "the mean false positives per case was" in said
    assert "1 was non-inferior to 2" in said
    assert one.p_noninferior == pytest.approx(
        analysis.froc(
            two.assign(rating=-two["rating"]), truth, fom="fp_per_case", margin=0.05, random="cases"
        )
        .margins[0]
        .p_noninferior
    )


def test_weights_that_were_not_used_as_given_are_said(
    marks: pd.DataFrame, truth: pd.DataFrame
) -> None:
    lesion = truth["lesion"] > 0
    several = truth[lesion].groupby("case")["case"].transform("size") > 1
    first = several.index[several][0]
    one_missing = truth.assign(weight=truth["weight"].where(truth.index != first))
    thrice = truth.assign(weight=truth["weight"] * 3)
    zero = truth.assign(weight=0)
    for table, words in ((one_missing, "in 1 cases"), (thrice, "of 100 cases did not add up to 1")):
        assert any(words in text for text in analysis.froc(marks, table).warnings)
    for table in (truth, zero, truth.drop(columns="weight")):
        assert not analysis.froc(marks, table).warnings
    same = analysis.froc(marks, truth).test.p_value
    assert analysis.froc(marks, thrice).test.p_value == pytest.approx(same, rel=1e-9)
