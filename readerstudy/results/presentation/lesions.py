"""Lesions: found by size, drawn, found again."""

from collections.abc import Mapping

from readerstudy.results.presentation.cells import Table, Tree, interval, p_value, pair, value


def sizes(numbers: Tree, arms: Mapping[str, str]) -> Table:
    """Lesions found, by their diameter."""
    localisation = numbers.get("localisation", {})
    bins: dict[str, dict[str, Tree]] = {}
    for each in localisation.get("by_size", []):
        bins.setdefault(each["label"], {})[each["modality"]] = each
    between = localisation.get("differences_by_size", [])
    rows = []
    for label, by_arm in bins.items():
        lesions = max(each["lesions"] for each in by_arm.values())
        if lesions:
            cells = [interval(by_arm[key]) if key in by_arm else value(None) for key in arms]
            rows += [
                [label + pair(each, between), str(lesions), *cells, interval(each),
                 p_value(each["p_value"])]
                for each in between
                if each["label"] == label
            ] or [[label, str(lesions), *cells, value(None), value(None)]]  # fmt: skip
    words = "Share of lesions that were marked, over readers; intervals allow for cases."
    return Table("Lesions found by size", words,
                 ["Diameter", "Lesions", *arms.values(), "Difference", "p"], rows)  # fmt: skip


def delineation(numbers: Tree, arms: Mapping[str, str]) -> Table:
    """What was drawn, against the reference standard."""
    found = numbers.get("delineation", {}).get("modalities", {})
    rows = [
        [
            arms.get(key, key), str(each["readers"]), str(each["lesions"]), str(each["spheres"]),
            str(each.get("too_small", 0)), value(each["dice"]), value(each["dice_median"]),
            value(each["hd95_mm"], 1), value(each["volume_ratio"], 2),
        ]
        for key, each in found.items()
    ]  # fmt: skip
    words = (
        "Marks that were drawn and lie on a lesion, against that lesion; means of each reader's"
        " lesions, then over readers. Where the standard has no voxels, its sphere stands for it."
        " Lesions too small to have a voxel on the grid that was drawn on are in no mean."
    )
    if changed := sum(each.get("grid_changed", 0) for each in found.values()):
        words += f" {changed} spheres stand for voxels whose series changed after they were drawn."
    head = ["Arm", "Readers", "Lesions", "Of these spheres", "Too small", "Dice", "Median",
            "HD95, mm", "Volume"]  # fmt: skip
    return Table("What was drawn", words, head, rows)


def found_again(numbers: Tree) -> Table:
    """Lesions of cases that were read twice."""
    rows = [
        [
            "All readers" if each["reader"] == "all" else each["reader"],
            *(str(each[name]) for name in ("lesions", "both", "first_only", "again_only")),
            f"{each['false_first']}, then {each['false_again']}",
            interval(each["kappa"]) if "kappa" in each else each["error"],
        ]
        for each in numbers.get("repeats", {}).get("lesions", {}).get("readers", [])
    ]
    words = (
        "The same cases read again in the same arm: which lesions of the reference standard were "
        "marked both times, and how many marks hit none (first, then second read). Kappa of found "
        "or not; lesions and readers are taken as independent."
    )
    heads = ["Reader", "Lesions", "Both times", "First only", "Second only", "False marks", "Kappa"]
    return Table("The same lesions found again", words, heads, rows)
