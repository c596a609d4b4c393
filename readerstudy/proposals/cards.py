"""A detector's card for people: what was measured, as rows of words and numbers. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

Row = tuple[str, str, str]  # what, of how many, value with its interval
_COUNTS = ("cases", "cases_without_lesions", "lesions")


def measured(performance: Mapping[str, Any]) -> list[Row]:
    """What the card says was measured (layout: `inference.training.evaluate.summary`)."""
    return list(_rows(performance)) if performance else []


def material(performance: Mapping[str, Any]) -> str:
    """On how much it was measured."""
    if not performance:
        return ""
    cases, without, lesions = (performance.get(name, 0) for name in _COUNTS)
    return f"{cases} phantoms, {without} of them without metastases; {lesions} metastases"


def place(card: Mapping[str, Any]) -> str:
    """On which machines it runs; empty for what runs elsewhere."""
    if "device" not in card:
        return ""
    words = "a GPU only" if card["device"] == "cuda" else "any machine; a GPU where there is one"
    memory = card.get("memory_mib")
    return f"{words}; up to {memory / 1024:.1f} GiB on a CPU" if memory else words


def needs(card: Mapping[str, Any]) -> str:
    """The series without which it refuses; empty for what runs elsewhere."""
    return ", ".join("T1c" if role == "t1c" else role.upper() for role in card.get("needs", ()))


def trained(training: Mapping[str, Any]) -> str:
    """On what and for how long it was trained."""
    steps = training.get("checkpoint_steps")
    return f"{training.get('data', '')}{f', {steps} steps' if steps else ''}"


def _rows(found: Mapping[str, Any]) -> Iterator[Row]:
    for size, part in found.get("sensitivity", {}).items():
        name = "Lesions found" if size == "all" else f"Lesions found, {size.replace('-', ' to ')}"
        yield name.replace(">=", "at least "), str(part["n"]), _estimate(part)
    if "false_positives_per_case" in found:
        yield (
            "False positives per case",
            str(found["cases"]),
            _estimate(found["false_positives_per_case"]),
        )
    if "predictive_value" in found:
        yield "Proposals that are lesions", "", _estimate(found["predictive_value"])
    for rate, share in found.get("sensitivity_at_false_positives", {}).items():
        yield f"Lesions found at {rate} false positives per case", "", f"{share:.3f}"
    if found.get("dice_of_found") is not None:
        yield "Dice of found lesions, mean", "", f"{found['dice_of_found']:.3f}"
    if found.get("calibration_error") is not None:
        yield "Calibration error, expected", "", f"{found['calibration_error']:.3f}"


def _estimate(part: Mapping[str, Any]) -> str:
    if part["value"] is None:
        return "\N{EN DASH}"
    low, high = part["interval"]
    return f"{part['value']:.3f} ({low:.3f} to {high:.3f})"
