"""What of a card's file is not as it must be: found when the card is read, not when it is used.

A card that a site wrote by hand would otherwise stop pages and workers for every detector.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

_TEXTS = ("name", "version", "family", "weights", "weights_sha256")
_NAME = re.compile(r"[\w.-]+")
_VERSION = re.compile(r"[\w.+-]+")  # as arms name a detector (`studies.definition.DETECTOR`)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_POINT = ("segmentation", "temperature", "bias", "probability")
_DEVICES = ("any", "cuda")
_WORDS: Mapping[str, type] = {
    "banner": str, "description": str, "limits": list, "training": dict, "performance": dict,
}  # fmt: skip


def faults(raw: Any) -> list[str]:
    """What is wrong with a card as its JSON has it, in words; nothing where all is well."""
    if not isinstance(raw, dict):
        return ["it is no JSON object"]
    return [*_of_names(raw), *_of_rest(raw), *_of_point(raw), *_of_words(raw.get("words"))]


def _of_names(raw: Mapping[str, Any]) -> Iterator[str]:
    for name in _TEXTS:
        if not isinstance(raw.get(name), str) or not raw[name]:
            yield f"{name} is no text"
            return
    if not _NAME.fullmatch(raw["name"]) or not _VERSION.fullmatch(raw["version"]):
        yield "name and version are letters, digits, dots, dashes"
    if not _SHA256.fullmatch(raw["weights_sha256"]):
        yield "weights_sha256 is 64 digits from 0 to f"


def _of_rest(raw: Mapping[str, Any]) -> Iterator[str]:
    needs = raw.get("needs")
    if not isinstance(needs, list) or not all(isinstance(each, str) for each in needs):
        yield "needs is a list of series' roles"
    if not isinstance(raw.get("options", {}), dict):
        yield "options is a JSON object"
    if raw.get("device", "any") not in _DEVICES:
        yield f"device is {' or '.join(_DEVICES)}"
    memory = raw.get("memory_mib")
    if memory is not None and (type(memory) is not int or memory <= 0):
        yield "memory_mib is a number of MiB above 0, or null"


def _of_point(raw: Mapping[str, Any]) -> Iterator[str]:
    """Of an entry point, which does what it likes, it may be empty."""
    point = raw.get("operating_point")
    if not isinstance(point, dict):
        yield "operating_point is a JSON object"
        return
    if not point and raw.get("family") == "python":
        return
    for name in _POINT:
        value = point.get(name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value or 0):
            yield f"operating_point.{name} is no number"
            return
    if point["temperature"] <= 0:
        yield "operating_point.temperature is above 0"
    for name in ("segmentation", "probability"):
        if not 0 <= point[name] <= 1:
            yield f"operating_point.{name} is from 0 to 1"


def _of_words(words: Any) -> Iterator[str]:
    if not isinstance(words, dict) or not isinstance(words.get("banner"), str):
        yield "words.banner, what readers are told, is no text"
        return
    for name, kind in _WORDS.items():
        if words.get(name) is not None and not isinstance(words[name], kind):
            yield f"words.{name} is no {kind.__name__}"
