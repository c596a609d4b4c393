"""What people see of results: words in the leading columns, counts that agree, one row's reason."""

from readerstudy.results import presentation

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
    table = presentation._reliance({"decisions": {"reliance": {"B": parts}}}, ARMS)
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
    table = presentation._subgroups(numbers)
    assert table.rows[0][:4] == ["Scanner", "1.5 T", "AUC", "9 cases"]
    assert table.rows[1][0] == ""
    numbers["subgroups"]["scanner"]["kind"] = "reader"
    assert presentation._subgroups(numbers).rows[0][3] == "1 reader"


def test_s7_times_with_reads_cut_off_have_rows_of_their_own() -> None:
    ratio = {"modality_a": "A", "modality_b": "B", "ratio": 0.8, "ci_low": 0.7, "ci_high": 0.9,
             "p_value": 0.01}  # fmt: skip
    time = {
        "ratios": [{**ratio, "group": "all"}],
        "accelerated": [{**ratio, "distribution": "weibull"}],
    }
    table = presentation._time({"time": time}, ARMS)
    assert table.rows[0][1] == "B: With AI / A: Without AI"
    assert "weibull" in table.rows[1][0]
