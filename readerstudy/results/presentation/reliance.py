"""What readers did with the machine's proposals, and what it did to them."""

from collections.abc import Mapping

from readerstudy.results.presentation.cells import Table, Tree, interval, p_value

_DECISIONS = {
    "true_taken": "Right proposals taken",
    "true_rejected": "Right proposals rejected",
    "false_taken": "False proposals taken (automation bias)",
    "false_rejected": "False proposals rejected",
    "undecided": "Proposals without a decision",
}


def decisions(numbers: Tree, arms: Mapping[str, str]) -> Table:
    """Proposals taken and rejected, right and wrong."""
    proposals = numbers.get("decisions", {}).get("proposals", {})
    rows = [
        [label, arms.get(arm, arm), f"{part[name]['events']} of {part[name]['units']}",
         interval(part[name])]
        for arm, part in proposals.items()
        for name, label in _DECISIONS.items()
        if name in part and part[name]["units"]
    ]  # fmt: skip
    words = "What readers did with the machine's proposals; intervals allow for cases."
    return Table("Proposals", words, ["Decision", "Arm", "Count", "Share"], rows, lead=2)


_RELIANCE = {
    "calls": "Right calls",
    "lesions": "Lesions found",
}

_LEVELS = {
    "AI right": "cases the AI had right",
    "AI wrong": "cases the AI had wrong",
    "yes": "lesions the AI proposed",
    "no": "lesions the AI did not propose",
}


def reliance(numbers: Tree, arms: Mapping[str, str]) -> Table:
    """What AI changed where it was right, and where it was wrong."""
    rows = []
    for arm, parts in numbers.get("decisions", {}).get("reliance", {}).items():
        for name, label in _RELIANCE.items():
            found = parts.get(name, {})
            if "error" in found:
                rows.append([label, arms.get(arm, arm), found["error"], "", "", ""])
            tests = found.get("interactions", [{}])
            for place, each in enumerate(found.get("levels", [])):
                level = _LEVELS.get(each["level"], each["level"])
                count = each["n_cases"] if name == "calls" else each["n_lesions"]
                shown = p_value(tests[0].get("p_value")) if place == 0 else ""
                rows.append([label, arms.get(arm, arm), level, str(count), interval(each), shown])
    words = (
        "What AI changed where it was right and where it was wrong: a difference below 0 where it "
        "was wrong is automation bias. p tests that the difference is the same in both."
    )
    calls = numbers.get("decisions", {}).get("calls", {}).values()
    begins = next((each["threshold"] for each in calls if "threshold" in each), None)
    if begins is not None:
        words += f" A call is positive from a rating of {begins:g} on."
    head = ["Measure", "Arm", "Where", "Number", "Difference", "p"]
    return Table("Reliance on the AI", words, head, rows, lead=3)
