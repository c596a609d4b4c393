"""Why a detector put a lesion forward: measured features, words for two experience levels."""

from dataclasses import replace

from inference.explain.features import measure
from inference.explain.words import full_text, short_text
from inference.lesions import Lesion
from inference.preprocess import Prepared

__all__ = ["explain"]


def explain(lesion: Lesion, ready: Prepared) -> Lesion:
    """Return the lesion with `short` and `full` words and the features they rest on."""
    features = measure(lesion, ready)
    words = {"short": short_text(lesion, features), "full": full_text(lesion, features)}
    return replace(lesion, explanation={**words, "features": features})
