"""Numbers as a results section writes them."""

import math


def p_text(p: float) -> str:
    """A p-value: "p = 0.052", "p < 0.001", "p not defined"."""
    if math.isnan(p):
        return "p not defined"
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.9995 else "p > 0.999"


def interval_text(low: float, high: float, digits: int = 3) -> str:
    """An interval: "0.71 to 0.85"."""
    return f"{low:z.{digits}f} to {high:z.{digits}f}"


def percent_text(share: float, digits: int = 1) -> str:
    """A share as a percentage: "12.5 %"."""
    return f"{100 * share:.{digits}f} %"


def level_text(alpha: float) -> str:
    """The level of an interval: "95 % CI"."""
    return f"{100 * (1 - alpha):g} % CI"


def list_text(names: list[str]) -> str:
    """Names in a sentence: "A, B and C"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def count_text(number: int, noun: str) -> str:
    """A number with its noun: "1 reader", "5 readers"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def in_sentence(label: str) -> str:
    """A label within a sentence: "False positives" is "false positives", "AUC" stays."""
    return label[0].lower() + label[1:] if label[1:2].islower() else label


def group_text(factor: str, level: str) -> str:
    """A group by its factor, as the data name it: "Experience: resident"."""
    return f"{factor.capitalize()}: {level}"
