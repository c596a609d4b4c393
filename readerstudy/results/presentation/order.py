"""Time, the order of reading, and cases that were read twice."""

from collections.abc import Mapping

from readerstudy.results.presentation.cells import (
    MINUS,
    Cell,
    Table,
    Tree,
    group_name,
    interval,
    p_value,
    value,
)


def time(numbers: Tree, arms: Mapping[str, str]) -> Table:
    """Ratios of active time."""
    found = numbers.get("time", {})
    rows = [
        [
            "All readers" if each["group"] == "all" else group_name(each["group"]),
            " / ".join(arms.get(each[side], each[side]) for side in ("modality_b", "modality_a")),
            interval(each),
            p_value(each["p_value"]),
        ]
        for each in found.get("ratios", [])
    ]
    means = ", ".join(
        f"{arms.get(each['modality'], each['modality'])} {value(each['geometric_mean_s'], 1)} s"
        for each in found.get("means", [])
    )
    words = f"Ratio of geometric means of active time (below 1: faster). Geometric means: {means}."
    rows += [
        [
            f"All readers, reads cut off counted as longer ({each['distribution']})",
            " / ".join(arms.get(each[side], each[side]) for side in ("modality_b", "modality_a")),
            interval(each),
            p_value(each["p_value"]),
        ]
        for each in found.get("accelerated", [])
    ]
    return Table("Reading time", words, ["Readers", "Arms", "Ratio", "p"], rows, lead=2)


_ORDER = {
    "modality": "arms, free of the period",
    "period": "second period \N{MINUS SIGN} first",
    "carry_over": "carry-over (sum of one sequence \N{MINUS SIGN} the other)",
}


def order(numbers: Tree) -> Table:
    """Period, carry-over, and the arms free of them."""
    found = numbers.get("order", {})
    rows = [
        [label, words, interval(each), p_value(each["p_value"])]
        for part, label in (("accuracy", "Accuracy"), ("time", "Log time"))
        if found.get(part)
        for name, words in _ORDER.items()
        for each in [found[part][name]]
    ]
    words = "Readers as units. A test of carry-over has little power with few readers."
    return Table("Order of reading", words, ["Of", "Effect", "Estimate", "p"], rows, lead=2)


def repeats(numbers: Tree) -> Table:
    """Ratings of cases that were read twice."""
    rows = []
    for each in numbers.get("repeats", {}).get("readers", []):
        who = "All readers" if each["reader"] == "all" else each["reader"]
        if "error" in each:
            rows.append([who, str(each["pairs"]), each["error"], ""])
            continue
        middle, limits = each["difference"]["estimate"], each["difference"]["extra"]
        low, high = limits["lower"], limits["upper"]
        between = f"{value(middle, 1)} ({value(low, 1)} to {value(high, 1)})"
        cells = [interval(each["icc"]), Cell(between, middle, low, high)]
        rows.append([who, str(each["pairs"]), *cells])
    words = (
        "The same cases read again in the same arm. Intraclass correlation of the rating; second "
        f"rating {MINUS} first, with the limits that hold 95 % of differences. "
        "Pairs of all readers are taken as independent."
    )
    return Table("Readers' agreement with themselves", words,
                 ["Reader", "Pairs", "ICC(2,1)", "Difference (limits)"], rows)  # fmt: skip
