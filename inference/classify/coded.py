"""Codes for the probabilities of a lesion's kind in Structured Reports.

DICOM's own codes name the probability of cancer alone; these are of a private scheme (PS3.16 8.2).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydicom.sr.coding import Code

SCHEME = "99READERSTUDY"
CODES = {
    ("tumour", "metastasis"): Code("KIND-MET", SCHEME, "Probability of metastasis"),
    ("tumour", "glioblastoma"): Code("KIND-GBM", SCHEME, "Probability of glioblastoma"),
    ("primary", "lung"): Code("PRIM-LUNG", SCHEME, "Probability of primary lung, if metastasis"),
    ("primary", "breast"): Code(
        "PRIM-BREAST", SCHEME, "Probability of primary breast, if metastasis"
    ),
    ("primary", "melanoma"): Code(
        "PRIM-MELANOMA", SCHEME, "Probability of primary melanoma, if metastasis"
    ),
    ("primary", "other"): Code("PRIM-OTHER", SCHEME, "Probability of other primary, if metastasis"),
    ("treated", "necrosis"): Code(
        "RAD-NECROSIS", SCHEME, "Probability of radiation necrosis, if irradiated"
    ),
    ("treated", "recurrence"): Code(
        "RAD-RECURRENCE", SCHEME, "Probability of recurrence, if irradiated"
    ),
}


def coded(classification: Mapping[str, Any]) -> Iterator[tuple[Code, float]]:
    """Code and probability (0-1) of each class that a `Lesion.classification` tells of."""
    for question, answers in classification.get("probabilities", {}).items():
        for name, probability in answers.items():
            yield CODES[question, name], float(probability)
