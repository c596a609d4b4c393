"""What tells a series' role and how it was acquired, out of a header. Pure.

Read before the free texts are cleaned; only numbers and words of ours go on to the index.
"""

import re
from collections.abc import Iterator
from typing import Any

from pydicom import Dataset

from readerstudy.imaging import vocabulary

# (hint, keyword of a classic image, keyword in a functional group of an enhanced one)
_NUMBERS = (
    ("repetition_ms", "RepetitionTime", "RepetitionTime"),
    ("echo_ms", "EchoTime", "EffectiveEchoTime"),
    ("inversion_ms", "InversionTime", "InversionTimes"),
    ("flip_degrees", "FlipAngle", "FlipAngle"),
    ("field_t", "MagneticFieldStrength", "MagneticFieldStrength"),
    ("thickness_mm", "SliceThickness", "SliceThickness"),
    ("tilt_degrees", "GantryDetectorTilt", "GantryDetectorTilt"),
)
_GROUPS = (
    "MRTimingAndRelatedParametersSequence", "MREchoSequence", "MRModifierSequence",
    "PixelMeasuresSequence",
)  # fmt: skip
ACQUISITION = (
    "repetition_ms", "echo_ms", "inversion_ms", "flip_degrees", "field_t", "thickness_mm",
    "tilt_degrees", "vendor", "model", "is_3d", "has_contrast", "agent", "delay_s",
)  # fmt: skip

# Every element that is read here, of classic images.
KEYWORDS = frozenset(classic for _, classic, _ in _NUMBERS) | vocabulary.words(
    """
    ContrastBolusAgent ContrastBolusAgentSequence SeriesDescription ProtocolName ImageType
    Manufacturer ManufacturerModelName MRAcquisitionType ContrastBolusStartTime
    """
)
_CLOCK = re.compile(r"(\d{2})(\d{2})(\d{2})?")
_DAY_S = 24 * 3600


def hints_of(source: Dataset) -> dict[str, Any]:
    """The hints; `description`, `protocol` and `image_type` are as the scanner wrote them."""
    places = list(_places(source))
    hints: dict[str, Any] = {
        name: _first(places, classic, enhanced) for name, classic, enhanced in _NUMBERS
    }
    agent = vocabulary.agent(_text(source, "ContrastBolusAgent"))
    coded = bool(source.get("ContrastBolusAgentSequence")) if not agent else False
    return hints | {
        "description": _text(source, "SeriesDescription"),
        "protocol": _text(source, "ProtocolName"),
        "image_type": [str(each).upper()[:16] for each in source.get("ImageType") or []],
        "has_contrast": bool(agent) or coded,
        "agent": agent,
        "vendor": vocabulary.vendor(_text(source, "Manufacturer")),
        "model": vocabulary.model(_text(source, "ManufacturerModelName")),
        "is_3d": _text(source, "MRAcquisitionType").upper() == "3D",
        "delay_s": _delay_s(source),
    }


def _delay_s(source: Dataset) -> float | None:
    """From the contrast bolus to the acquisition, where the header tells both (PS3.3 C.7.6.4)."""
    times = [_text(source, each) for each in ("ContrastBolusStartTime", "AcquisitionTime")]
    found = [_CLOCK.match(each.strip()) for each in times]
    if not all(found):
        return None
    start, end = (
        int(each[1]) * 3600 + int(each[2]) * 60 + int(each[3] or 0) for each in found if each
    )
    return float((end - start) % _DAY_S) if (end - start) % _DAY_S < _DAY_S / 2 else None


def _places(source: Dataset) -> Iterator[Dataset]:
    """The data set, then the functional groups of its first frame (PS3.3 C.7.6.16)."""
    yield source
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        groups = source.get(keyword)
        if not groups:
            continue
        for name in _GROUPS:
            if macro := groups[0].get(name):
                yield macro[0]


def _first(places: list[Dataset], classic: str, enhanced: str) -> float | None:
    for place in places:
        for keyword in (classic, enhanced):
            value = place.get(keyword)
            if value is None or value == "":
                continue
            try:
                return float(value if not hasattr(value, "__len__") else value[0])
            except (TypeError, ValueError, IndexError):
                continue
    return None


def _text(source: Dataset, keyword: str) -> str:
    return str(source.get(keyword) or "")[:200]
