"""What kind of lesion a lesion is: heads that answer with probabilities.

They are taught and measured on synthetic lesions only, whose classes differ as textbooks say that
they do on the average (`inference.phantom.looks`): a high figure says that the path works, nothing
about patients. One of them is shipped (`shipped`); readers are told what it says where
their study's protocol has it so.
"""

from dataclasses import replace
from typing import Any

from inference.classify.questions import QUESTIONS, Question
from inference.lesions import Lesion
from inference.preprocess import ROLES, Prepared

__all__ = ["QUESTIONS", "Question", "classified"]


def classified(lesion: Lesion, ready: Prepared) -> Lesion:
    """The lesion with `classification`: probabilities, words, and whose they are.

    It has none where a series of T1c, T1, T2 and FLAIR is missing, and below the diameter that the
    shipped head was taught on.
    """
    from inference.classify import radiomics, words, words_zh
    from inference.classify.patches import patch_of
    from inference.classify.shipped import shipped

    if ready.roles != ROLES or ready.missing:
        return lesion
    head = shipped()
    if lesion.diameter_mm < head.smallest_mm:
        return lesion
    patch = patch_of(lesion, ready)
    if not patch.mask.any():
        return lesion
    probabilities = head.probabilities(radiomics.features(patch))
    said: dict[str, Any] = {
        "head": head.value,
        "sha256": head.sha256,
        "probabilities": probabilities,
        "short": words.short_text(probabilities),
        "full": words.full_text(probabilities),
        "zh-hans": {
            "short": words_zh.short_text(probabilities),
            "full": words_zh.full_text(probabilities),
        },
    }
    return replace(lesion, classification=said)
