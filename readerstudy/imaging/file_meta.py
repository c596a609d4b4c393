"""What a DICOM file says of itself in its meta information (PS3.10 7.1), by its bytes. Pure.

A sender is told of a file that is refused by the UIDs that it knows; of a hostile file nothing more
is read outside the process that may be killed.
"""

import re
import struct
from pathlib import Path
from typing import NamedTuple

_HEAD_BYTES = 512  # what is looked for stands in the first 302
_PREAMBLE, _MAGIC = 128, b"DICM"
_ELEMENT, _LONG = struct.Struct("<HH2sH"), struct.Struct("<L")
_GROUP, _CLASS, _INSTANCE = 0x0002, 0x0002, 0x0003
_UID = re.compile(rb"[0-9.]{1,64}")


class Name(NamedTuple):
    """Which object a file says that it holds."""

    sop_class: str
    instance: str


def name_of(path: Path) -> Name | None:
    """Which object a file says that it holds; None where it does not say so plainly."""
    with path.open("rb") as file:
        return name_in(file.read(_HEAD_BYTES))


def name_in(head: bytes) -> Name | None:
    """As `name_of`, of a file's first bytes: (0002,0002) and (0002,0003), explicit VR."""
    at = _PREAMBLE + len(_MAGIC)
    if head[_PREAMBLE:at] != _MAGIC:
        return None
    found: dict[int, bytes] = {}
    while at + _ELEMENT.size + _LONG.size <= len(head):
        group, element, kind, length = _ELEMENT.unpack_from(head, at)
        at += _ELEMENT.size
        if group != _GROUP or element > _INSTANCE:  # they ascend
            break
        if kind == b"OB":
            (length,) = _LONG.unpack_from(head, at)
            at += _LONG.size
        found[element] = head[at : at + length].rstrip(b"\0 ")
        at += length
    named = [found.get(each, b"") for each in (_CLASS, _INSTANCE)]
    if not all(map(_UID.fullmatch, named)):
        return None
    return Name(*(each.decode() for each in named))
