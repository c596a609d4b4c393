"""Probabilities of a lesion's kind in words: one line for seniors, sentences for residents."""

from collections.abc import Mapping

Probabilities = Mapping[str, Mapping[str, float]]  # question -> class -> probability
CERTAIN = 0.99
_CLASSES = {
    "metastasis": "metastasis", "glioblastoma": "glioblastoma", "lung": "lung", "breast": "breast",
    "melanoma": "melanoma", "other": "another primary", "necrosis": "radiation necrosis",
    "recurrence": "recurrence",
}  # fmt: skip
_LEADS = {"tumour": "", "primary": "if a metastasis, of ", "treated": "if irradiated, "}
_FULL_LEADS = {
    "tumour": "it is taken for ", "primary": "if it is a metastasis, its primary is taken for ",
    "treated": "if the place was irradiated before, it is taken for ",
}  # fmt: skip


def short_text(found: Probabilities) -> str:
    """One line: the likelier of each question's answers."""
    said = "; ".join(_LEADS[name] + _first(found[name]) for name in _LEADS if name in found)
    return f"If this is a lesion: {said} (learnt from synthetic lesions)."


def full_text(found: Probabilities) -> str:
    """Sentences with every probability, and what they are worth."""
    said = "; ".join(_FULL_LEADS[name] + _all(found[name]) for name in _FULL_LEADS if name in found)
    return (
        f"If this is a lesion: {said}. That it is one is presumed: what is none gets such"
        " probabilities too. They were learnt from synthetic lesions whose kinds differ as"
        " textbooks say they do on the average; nothing is known of how often they are right in"
        " patients, and lesions of other kinds are not among the answers."
    )


def _first(answers: Mapping[str, float]) -> str:
    name = max(answers, key=lambda each: answers[each])
    return f"{_CLASSES[name]} {figure(answers[name])}"


def _all(answers: Mapping[str, float]) -> str:
    ordered = sorted(answers, key=lambda each: -answers[each])
    return ", ".join(f"{_CLASSES[each]} {figure(answers[each])}" for each in ordered)


def figure(probability: float) -> str:
    """Two digits; no head is certain."""
    if probability > CERTAIN:
        return f">{CERTAIN}"
    return f"<{1 - CERTAIN:.2f}" if probability < 1 - CERTAIN else f"{probability:.2f}"
