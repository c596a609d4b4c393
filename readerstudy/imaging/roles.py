"""Which role a series has: by its header, as vendors write it. Pure."""

import re
from collections.abc import Mapping
from typing import Any

_FLAIR = re.compile(r"flair|dark.?fluid|tirm", re.IGNORECASE)
_T2 = re.compile(r"(?<![a-z0-9])t2(?!\*|star)", re.IGNORECASE)
_T1 = re.compile(
    r"(?<![a-z0-9])t1|mp.?rage|bravo|spgr|vibe|thrive|tfe|tfl|black.?blood", re.IGNORECASE
)
_CONTRAST = re.compile(
    r"(?<![a-z])(gd|gado\w*|dotarem|prohance|km|post|contrast|ce|\+c|c\+|mit|with)(?![a-z])|t1c|t1gd|\+\s?c\b",
    re.IGNORECASE,
)
_NO_CONTRAST = re.compile(
    r"(?<![a-z])(pre|without|ohne|nativ\w*|non.?contrast)(?![a-z])", re.IGNORECASE
)
_OTHER = re.compile(
    r"dwi|(?<![a-z])adc|diff|swi|t2\s?(\*|star)|perf|(?<![a-z])asl(?![a-z])|locali[sz]er|scout"
    r"|survey|smartbrain|(?<![a-z])(tof|mra|mrv|cbf|cbv|mtt|dsc|dce|phase|pc|subtr\w*|sub)(?![a-z])"
    r"|angio|screen.?save|calibration|asset|b0.?map",
    re.IGNORECASE,
)
_T1_FLAIR = re.compile(r"t1w?[\s_-]*(fluid|flair)", re.IGNORECASE)
_OTHER_TYPES = frozenset(
    ["LOCALIZER", "DIFFUSION", "ADC", "PERFUSION", "PROJECTION IMAGE", "SUBTRACTION", "PHASE MAP"]
)

FLAIR_TI_MS = (1500.0, 3000.0)
T2_TE_MS = 60.0
T1_TE_MS = 30.0
SPIN_ECHO_T1_TR_MS = 1200.0
INVERSION_T1_MS = 1500.0


def role_of(
    dicom_modality: str, hints: Mapping[str, Any], own_words: Mapping[str, str] | None = None
) -> str:
    """The role: "t1c", "t1", "t2", "flair", "ct" or "other".

    The study's own words (word -> role) decide first, the longest that is there; then known words
    in the description, the timing of the sequence where there are none, and contrast by its own
    tag or by words.
    """
    written = f"{hints.get('description') or ''} {hints.get('protocol') or ''}".casefold()
    own = [word for word in own_words or {} if word.casefold() in written]
    if own_words and own and dicom_modality in {"MR", "CT"}:
        return own_words[max(own, key=len)]
    if dicom_modality == "CT":
        return "ct"
    if dicom_modality != "MR":
        return "other"
    words = f"{hints.get('description') or ''} {hints.get('protocol') or ''}"
    if _OTHER.search(words) or _OTHER_TYPES & set(hints.get("image_type") or []):
        return "other"
    base = _by_words(words) or _by_timing(hints)
    if base == "t1" and _has_contrast(words, hints):
        return "t1c"
    return base or "other"


def _by_words(words: str) -> str | None:
    if _T1_FLAIR.search(words):  # a T1 weighting by inversion, as GE names it
        return "t1"
    if _FLAIR.search(words):
        return "flair"
    if _T2.search(words):
        return "t2"
    return "t1" if _T1.search(words) else None


def _by_timing(hints: Mapping[str, Any]) -> str | None:
    echo, repetition = hints.get("echo_ms"), hints.get("repetition_ms")
    inversion = hints.get("inversion_ms") or 0.0
    if echo is None:
        return None
    if FLAIR_TI_MS[0] <= inversion <= FLAIR_TI_MS[1] and echo >= T2_TE_MS:
        return "flair"
    if echo >= T2_TE_MS:
        return "t2"
    short = repetition is not None and repetition <= SPIN_ECHO_T1_TR_MS
    inverted = 0 < inversion <= INVERSION_T1_MS
    return "t1" if echo <= T1_TE_MS and (short or inverted) else None


def _has_contrast(words: str, hints: Mapping[str, Any]) -> bool:
    if _NO_CONTRAST.search(words):
        return False
    return bool(_CONTRAST.search(words)) or bool(hints.get("has_contrast"))
