"""What people see of results: words in the leading columns, counts that agree, one row's reason."""

import pytest

from readerstudy.results import presentation
from readerstudy.results.presentation import accuracy, cells, lesions, methods, order, reliance
from readerstudy.studies import plan

ARMS = {"A": "A: Without AI", "B": "B: With AI"}
LEVEL = {"estimate": 0.1, "ci_low": -0.1, "ci_high": 0.3, "p_value": 0.2}


def test_s10_reliance_says_where_and_gives_the_reason_where_there_is_no_number() -> None:
    calls = {
        "levels": [
            {**LEVEL, "level": "AI right", "n_cases": 20},
            {**LEVEL, "level": "AI wrong", "n_cases": 4, "estimate": -0.2},
        ],
        "interactions": [{"p_value": 0.03}],
    }
    parts = {"calls": calls, "lesions": {"error": "no marks were given"}}
    table = reliance.reliance({"decisions": {"reliance": {"B": parts}}}, ARMS)
    assert [len(row) for row in table.rows] == [len(table.head)] * 3
    assert table.rows[0][:4] == ["Right calls", "B: With AI", "cases the AI had right", "20"]
    assert table.rows[1][4].startswith("\N{MINUS SIGN}0.200")
    assert table.rows[2][2] == "no marks were given"
    assert (table.rows[0][5], table.rows[1][5]) == ("0.030", "")


def test_s9_subgroups_count_what_they_are_made_of() -> None:
    levels = [
        {"level": name, "n_readers": 1, "n_cases": 9, "comparisons": [{**LEVEL, "test": "B"}]}
        for name in ("1.5 T", "3 T")
    ]
    numbers = {"subgroups": {"scanner": {"kind": "case", "label": "AUC", "levels": levels}}}
    table = accuracy.subgroups(numbers)
    assert table.rows[0][:4] == ["Scanner", "1.5 T", "AUC", "9 cases"]
    assert table.rows[1][0] == ""
    numbers["subgroups"]["scanner"]["kind"] = "reader"
    assert accuracy.subgroups(numbers).rows[0][3] == "1 reader"


def test_s7_times_with_reads_cut_off_have_rows_of_their_own() -> None:
    ratio = {"modality_a": "A", "modality_b": "B", "ratio": 0.8, "ci_low": 0.7, "ci_high": 0.9,
             "p_value": 0.01}  # fmt: skip
    time = {
        "ratios": [{**ratio, "group": "all"}],
        "accelerated": [{**ratio, "distribution": "weibull"}],
    }
    table = order.time({"time": time}, ARMS)
    assert table.rows[0][1] == "B: With AI / A: Without AI"
    assert "weibull" in table.rows[1][0]


def test_a_table_as_a_file_has_numbers_in_full_and_ends_in_columns_of_their_own() -> None:
    estimate = {"estimate": -0.123456789, "ci_low": -0.2, "ci_high": None}
    rows = [
        ["=1+1", cells.interval({**estimate, "ci_high": 0.1}), cells.p_value(0.00001)],
        ["R02", cells.interval(estimate), cells.p_value(None)],
        ["R03", "no marks were given", ""],
    ]
    table = cells.Table("Readers", "", ["Reader", "Difference", "p"], rows)
    assert rows[0][1:] == ["\N{MINUS SIGN}0.123 (\N{MINUS SIGN}0.200 to 0.100)", "< 0.001"]
    assert cells.as_file("readers", table).decode().splitlines() == [
        'Reader,Difference,"Difference, low","Difference, high",p',
        "'=1+1,-0.123456789,-0.2,0.1,1e-05",
        "R02,-0.123456789,-0.2,,",
        "R03,no marks were given,,,",
    ]


def test_every_part_of_the_report_says_how_it_was_computed() -> None:
    for part in presentation.PARTS:
        found = methods.of(part.key, {"version": "1"})
        assert found.words
        assert found.sources
        assert found.version == "1"


@pytest.mark.parametrize(
    ("primary", "words", "formula"),
    [
        ({"method": "or", "covariance": "delong"}, "DeLong", "MS(TR) + J max"),
        ({"method": "or", "random": "cases"}, "readers are taken as they are", "χ²"),
        ({"method": "or", "random": "readers"}, "cases are taken as they are", "of freedom"),
        ({"method": "or", "design": "readers nested in modalities"}, "samples", "MS[R(T)]"),
        ({"method": "dbm", "random": "cases"}, "pseudo-values", "MS(T) / MS(TC)"),
        ({"method": "ustat"}, "one-shot", "mean product"),
        ({"method": "ustat", "random": "cases", "covariance": "delong"}, "DeLong", None),
        ({"method": "of an earlier release", "error": "unknown method"}, "Obuchowski", "Cov3"),
    ],
)
def test_what_was_done_is_said_not_what_was_asked_for(
    primary: dict[str, str], words: str, formula: str | None
) -> None:
    asked = {"plan": {"primary": {"covariance": "unbiased"}}, "primary": primary}
    found = methods.of("accuracy", asked)
    assert words in " ".join(found.words)
    assert formula is None or formula in " ".join(found.formulas)
    assert "pseudo-values" not in words or "Covariances" not in " ".join(found.words)


def test_every_choice_of_the_plan_has_its_words() -> None:
    primary = plan.SCHEMA["properties"]["primary"]["properties"]
    for method in primary["method"]["enum"]:
        for random in primary["random"]["enum"]:
            found = methods.of("accuracy", {"primary": {"method": method, "random": random}})
            assert len(found.words) >= 2
    for covariance in primary["covariance"]["enum"]:
        found = methods.of("accuracy", {"primary": {"method": "or", "covariance": covariance}})
        assert any(each.startswith("Covariances: ") for each in found.words)


def test_with_three_arms_every_row_names_its_pair() -> None:
    arms = {"A": "A: Without AI", "B": "B: One AI", "C": "C: Another"}
    pairs = [{**LEVEL, "test": test, "reference": "A", "reader": "R1"} for test in "BC"]
    bins = [{"label": "< 3 mm", "modality": arm, "lesions": 4, "estimate": 0.5,
             "ci_low": 0.2, "ci_high": 0.8} for arm in arms]  # fmt: skip
    sizes = [{**each, "label": "< 3 mm", "estimate": 0.1 * n} for n, each in enumerate(pairs)]
    numbers = {
        "primary": {"comparisons": pairs, "modalities": [], "label": "AUC"},
        "readers": pairs,
        "sensitivity": [{"name": "cases fixed", "comparisons": pairs}],
        "localisation": {"by_size": bins, "differences_by_size": sizes},
    }
    minus = "\N{MINUS SIGN}"
    for table in (
        accuracy.accuracy(numbers, arms), accuracy.readers(numbers, arms),
        accuracy.sensitivity(numbers), lesions.sizes(numbers, arms),
    ):  # fmt: skip
        assert [row[0].rpartition(", ")[2] for row in table.rows] == [
            f"B {minus} A",
            f"C {minus} A",
        ]
    assert [row[-2][:5] for row in lesions.sizes(numbers, arms).rows] == ["0.000", "0.100"]
