"""What people see of results: words in the leading columns, counts that agree, one row's reason."""

from readerstudy.results import presentation
from readerstudy.results.presentation import accuracy, cells, methods, order, reliance

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
    asked = {"plan": {"primary": {"covariance": "delong", "random": "cases"}}}
    words = " ".join(methods.of("accuracy", asked).words)
    assert "DeLong" in words
    assert "readers are taken as they are" in words
