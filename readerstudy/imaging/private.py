"""Private elements that PS3.15 Table E.3.10-1 lists as safe and that hold numbers only. Pure.

Of the table, those of MR and CT whose values are numbers or a word out of a fixed set: a text may
hold what a technician typed, whatever the element is called.
"""

import re
from typing import Any

from pydicom import DataElement, Dataset
from pydicom.tag import BaseTag, Tag

# (private creator, group) -> low byte of the element -> value representations that are taken.
_NUMBERS = frozenset(["DS", "IS", "FL", "FD", "SS", "US", "SL", "UL"])
_WORDS = frozenset(["CS"])
_SAFE: dict[tuple[str, int], dict[int, frozenset[str]]] = {
    ("SIEMENS MR HEADER", 0x0019): {
        0x0C: _NUMBERS, 0x0D: _WORDS, 0x0E: _NUMBERS, 0x27: _NUMBERS, 0x28: _NUMBERS,
    },
    ("Philips Imaging DD 001", 0x2001): {0x03: _NUMBERS, 0x04: _WORDS},
    ("Philips MR Imaging DD 001", 0x2005): {0x0D: _NUMBERS, 0x0E: _NUMBERS},
    ("GEMS_ACQU_01", 0x0019): {
        0x23: _NUMBERS, 0x24: _NUMBERS, 0x27: _NUMBERS, 0xBB: _NUMBERS, 0xBC: _NUMBERS,
        0xBD: _NUMBERS,
    },
    ("GEMS_PARM_01", 0x0043): {0x27: frozenset(["SH"]), 0x6F: _NUMBERS},
    ("GEMS_HELIOS_01", 0x0045): {0x01: _NUMBERS, 0x02: _NUMBERS},
    ("ELSCINT1", 0x00E1): {0x21: _NUMBERS, 0x50: _NUMBERS},
    ("ELSCINT1", 0x01E1): {0x26: _WORDS},
}  # fmt: skip
_DIRECTIONS = frozenset(
    ["NONE", "DIRECTIONAL", "ISOTROPIC", "BMATRIX", "P", "M", "S", "I", "O", "YES", "NO"]
)
_PITCH = re.compile(r"\d+(\.\d+)?:1")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_MAX_VALUES = 64
_BLOCK = 0x10  # the first low byte that may name a block (PS3.5 7.8.1)


def kept(source: Dataset, tag: BaseTag) -> list[DataElement]:
    """The element and its block's creator where both are safe; else nothing."""
    block = tag.element >> 8
    if tag.is_private_creator or block < _BLOCK:
        return []
    place = Tag(tag.group, block)
    creator = str(source[place].value or "").strip() if place in source else ""
    taken = _SAFE.get((creator, tag.group), {}).get(tag.element & 0xFF)
    element = source[tag]
    if taken is None or element.VR not in taken or not _is_safe(element.value, element.VR):
        return []
    return [
        DataElement(place, "LO", creator),
        DataElement(tag, element.VR, element.value),
    ]


def _is_safe(value: Any, representation: str) -> bool:
    is_several = not isinstance(value, str | bytes) and hasattr(value, "__iter__")
    values = list(value) if is_several else [value]
    if not 0 < len(values) <= _MAX_VALUES:
        return False
    if representation == "CS":
        return all(str(each).strip().upper() in _DIRECTIONS for each in values)
    pattern = _PITCH if representation == "SH" else _NUMBER
    return all(pattern.fullmatch(str(each).strip()) for each in values)
