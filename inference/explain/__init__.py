"""Why a detector put a lesion forward: measured features, words for two experience levels."""

from dataclasses import replace

from inference import known_table
from inference.explain import similar, words, words_zh
from inference.explain.basis import Basis, is_fitted
from inference.explain.features import measure
from inference.lesions import Lesion
from inference.preprocess import Prepared

__all__ = ["Basis", "explain", "is_fitted"]


def explain(lesion: Lesion, ready: Prepared, basis: Basis = words.UNCALIBRATED) -> Lesion:
    """Return the lesion with `short` and `full` words and the features they rest on.

    `zh-hans` holds the same words in Chinese. Known lesions are of MR: a proposal on CT alone is
    compared with none. Of the probability and its spread they say what `basis` allows.
    """
    features = measure(lesion, ready)
    if "contrast_sd" not in features:
        return replace(lesion, explanation={**_outside(lesion, basis), "features": features})
    alike = similar.nearest(features) if ready.reference == "t1c" else None
    said = {
        "short": words.short_text(lesion, features, alike),
        "full": words.full_text(lesion, features, alike, ready.reference, basis),
        "zh-hans": {
            "short": words_zh.short_text(lesion, features, alike),
            "full": words_zh.full_text(lesion, features, alike, ready.reference, basis),
        },
    }
    known = {} if alike is None else {"alike": _alike(alike)}
    return replace(lesion, explanation={**said, "features": features, **known})


def _outside(lesion: Lesion, basis: Basis) -> dict[str, object]:
    """What is said of a lesion outside of where features are measured."""
    return {
        "short": words.outside_short(lesion),
        "full": words.outside_full(lesion, basis),
        "zh-hans": {
            "short": words_zh.outside_short(lesion),
            "full": words_zh.outside_full(lesion, basis),
        },
    }


def _alike(found: similar.Similar) -> dict[str, object]:
    """What is kept of them; `rows` of the table named by `table` have pictures (`pictures`)."""
    kept: dict[str, object] = {"count": found.count, "kinds": dict(found.kinds)}
    return {**kept, "rows": list(found.rows), "table": known_table.digest()}
