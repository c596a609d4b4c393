"""Features in words: one line for seniors, teaching text for residents."""

from collections.abc import Mapping

from inference.explain.basis import Basis
from inference.explain.similar import Similar
from inference.explain.vessels import REACH_MM
from inference.lesions import Lesion

Features = Mapping[str, float]
_SERIES = {
    "t1c": "T1 with contrast", "t1": "T1", "t2": "T2", "flair": "FLAIR", "ct": "CT"
}  # fmt: skip
_KINDS = {"solid": "solid", "ring": "ring-enhancing", "haemorrhagic": "haemorrhagic"}
UNSURE = 0.1  # from so large a spread on
_OPINIONS = {
    "mirror": ", each on mirrored images too,",
    "dropout": ", each in passes with dropout,",
}
UNCALIBRATED = Basis()
NAMED = 0.1  # of the whole: lesser shares of a series are not told
NEAR_VESSEL_MM = 3.0


def short_text(lesion: Lesion, features: Features, similar: Similar | None = None) -> str:
    """One line."""
    parts = [f"{_kind(features)}, {lesion.diameter_mm:.0f} mm", f"p {lesion.probability:.2f}"]
    if features.get("oedema_percent", 0) >= 15:
        parts.append("oedema")
    if features["elongation"] >= 2:
        parts.append("elongated: vessel?")
    elif features["vessel_mm"] <= NEAR_VESSEL_MM:
        parts.append(f"vessel at {features['vessel_mm']:.0f} mm")
    if similar is not None:
        parts.append(f"{similar.true} of {similar.count} alike (phantoms) were lesions")
    return "; ".join(parts)


def full_text(
    lesion: Lesion, features: Features, similar: Similar | None = None, reference: str = "t1c",
    basis: Basis = UNCALIBRATED,
) -> str:  # fmt: skip
    """Sentences that say what was seen and what speaks against it.

    `reference` is the role of the series with contrast that it was measured on, `basis` what the
    detector's probability and uncertainty are.
    """
    sentences = [
        (
            f"{_kind(features).capitalize()} focus of {lesion.diameter_mm:.1f} mm"
            f" ({features['volume_mm3']:.0f} mm³), {_contrast(features)} than its surroundings on"
            f" {_SERIES[reference]}."
        ),
        *(_uptake(features) if reference == "t1c" else ()),
        *_surroundings(features),
        _shape(features),
        _vessel(features),
        *_alike(similar),
        *_rests_on(lesion),
        _certainty(lesion, basis),
    ]
    return " ".join(sentences)


def outside_short(lesion: Lesion) -> str:
    """One line, of a lesion outside of where features are measured."""
    return f"{lesion.diameter_mm:.0f} mm; p {lesion.probability:.2f}; outside of the analysed head"


def outside_full(lesion: Lesion, basis: Basis = UNCALIBRATED) -> str:
    """Sentences, of a lesion outside of where features are measured."""
    said = [
        (
            f"Focus of {lesion.diameter_mm:.1f} mm ({lesion.volume_mm3:.0f} mm³) outside of the"
            " part of the head in which contrast and surroundings are measured: see whether it is"
            " in the brain at all."
        ),
        *_rests_on(lesion),
        _certainty(lesion, basis),
    ]
    return " ".join(said)


def _kind(features: Features) -> str:
    return "ring-enhancing" if features["core_to_rim"] < 0.6 else "enhancing"


def _contrast(features: Features) -> str:
    strength = features["contrast_sd"]
    return "much brighter" if strength > 3 else "brighter" if strength > 1 else "little brighter"


def _uptake(features: Features) -> list[str]:
    if "uptake_sd" not in features:
        return ["Without T1 before contrast, blood or fat cannot be told from enhancement."]
    if features["uptake_sd"] > 0.8:
        return ["It is not bright before contrast: the brightness is uptake."]
    return ["It is bright before contrast too: think of blood products."]


def _surroundings(features: Features) -> list[str]:
    if "oedema_percent" not in features:
        return []
    share = features["oedema_percent"]
    if share >= 15:
        return [f"FLAIR is bright in {share:.0f} % of its surroundings, as in vasogenic oedema."]
    return ["FLAIR shows no oedema around it; small metastases often have none."]


def _shape(features: Features) -> str:
    if features["elongation"] >= 2:
        return "It is elongated: follow it through the neighbouring slices; a vessel continues."
    return "It is compact: a vessel cut across looks the same, so check neighbouring slices."


def _vessel(features: Features) -> str:
    """The nearest vessel-like structure."""
    distance = features["vessel_mm"]
    if distance >= REACH_MM:
        return f"No vessel-like structure lies within {REACH_MM:.0f} mm of it."
    if distance == 0:
        return "A vessel-like structure touches it: see whether it runs on beyond."
    near = distance <= NEAR_VESSEL_MM
    told = ": see whether it is a branch or a bend of it" if near else ""
    return f"The nearest vessel-like structure is {distance:.0f} mm from its edge{told}."


def _alike(similar: Similar | None) -> list[str]:
    """What the known lesions were that resemble it."""
    if similar is None:
        return []
    named = [f"{n} {_KINDS.get(name, name)}" for name, n in similar.kinds.items()]
    kinds = f" ({', '.join(named)})" if named else ""
    return [
        (
            f"Of the {similar.count} proposals of the training bench most like it by these"
            f" features, {similar.true} were lesions{kinds} and {similar.count - similar.true} were"
            " none; the bench is of synthetic heads, no patients."
        )
    ]


def _rests_on(lesion: Lesion) -> list[str]:
    """Which series the network's answer rests on, by its heat map."""
    if lesion.heat is None or not lesion.heat.shares:
        return []
    shares = sorted(lesion.heat.shares.items(), key=lambda each: -each[1])
    named = [f"{_SERIES[role]} {100 * share:.0f} %" for role, share in shares if share >= NAMED]
    return [f"By its heat map the detector's answer rests on {', '.join(named)}."]


def _certainty(lesion: Lesion, basis: Basis) -> str:
    said = f"is {lesion.probability:.2f}"
    if basis.is_calibrated:
        text = f"The detector's calibrated probability {said}"
    else:
        text = f"The detector's probability, which was not calibrated, {said}"
    if lesion.uncertainty is not None and lesion.uncertainty >= UNSURE:
        spread = f"{_opinions(basis)} differ by {lesion.uncertainty:.2f}"
        # As measured (docs/detector-card.md): mirrored passes know no more of errors.
        is_mirror = basis.networks == 1 and basis.opinions == "mirror"
        meaning = " (how far it may move, not a second opinion)" if is_mirror else ""
        return f"{text}; {spread}{meaning}."
    return f"{text}."


def _opinions(basis: Basis) -> str:
    """What the uncertainty is the spread of."""
    if basis.networks == 1:
        return "passes with dropout" if basis.opinions == "dropout" else "mirrored images"
    kind = "folds" if basis.are_folds else "members"
    return f"its {basis.networks} {kind}{_OPINIONS.get(basis.opinions, '')}"
