"""Walk over the bytes of a plain DICOM file, element by element, without decoding one. Pure.

Explicit VR little endian (PS3.5 7.1.2), tags strictly ascending, the pixel data last and up to the
end of the file: what most scanners send and what we store. `walk` answers nothing for a file that
is odd in any way; pydicom reads those.
"""

import struct
from typing import NamedTuple

EXPLICIT = b"1.2.840.10008.1.2.1\0"
PREAMBLE = 132  # 128 bytes and "DICM"
PIXELS = 0x7FE00010
MAX_DEPTH = 12
_SHORT = frozenset(
    b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split()
)  # length in 16 bits
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())  # reserved, then 32 bits
_UNDEFINED = 0xFFFFFFFF
_TAG, _SHORT_LENGTH, _LENGTH = struct.Struct("<HH"), struct.Struct("<H"), struct.Struct("<I")
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_META, _DELIMITERS = 0x0002, 0xFFFE
_META_LENGTH, _SYNTAX = 0x00020000, 0x00020010


class Element(NamedTuple):
    """One element as it is encoded: the file's bytes from `start` to `end`."""

    tag: int
    start: int
    value: int  # where its value begins
    end: int
    is_open: bool = False  # a sequence of undefined length


class Walked(NamedTuple):
    """A file's elements but the pixel data, which are its last."""

    elements: list[Element]
    body: int  # where the data set begins
    pixels: Element


class _Odd(Exception):
    """The file is not as plain as it has to be."""


def walk(data: bytes, size: int) -> Walked | None:
    """The elements of a file with pixel data at its end; None where it is odd in any way.

    Parameters
    ----------
    data : bytes
        The file, or as much of its head as reaches into the pixel data.
    size : int
        Of the whole file, bytes.
    """
    try:
        body = _after_meta(data, size)
        elements = _elements(data, body, size)
    except (_Odd, struct.error, IndexError):
        return None
    return Walked(elements[:-1], body, elements[-1])


def _after_meta(data: bytes, size: int) -> int:
    """Where the data set begins, after meta information that names the one transfer syntax."""
    if data[128:PREAMBLE] != b"DICM":
        raise _Odd
    at, last, syntax, said_end = PREAMBLE, 0, b"", None
    while True:
        group, number = _TAG.unpack_from(data, at)
        if group != _META:
            break
        element = _element(data, at, group << 16 | number, size)
        if element.tag <= last or element.is_open:
            raise _Odd
        value = data[element.value : element.end]
        if element.tag == _META_LENGTH:
            said_end = element.end + _LENGTH.unpack(value)[0]
        elif element.tag == _SYNTAX:
            syntax = value
        at, last = element.end, element.tag
    if syntax != EXPLICIT or said_end != at:
        raise _Odd
    return at


def in_meta(data: bytes, walked: Walked, tag: int) -> Element | None:
    """An element of the meta information of a file that was walked, if it is there."""
    at = PREAMBLE
    while at < walked.body:
        group, number = _TAG.unpack_from(data, at)
        element = _element(data, at, group << 16 | number, walked.body)
        if element.tag == tag:
            return element
        at = element.end
    return None


def _elements(data: bytes, at: int, size: int) -> list[Element]:
    found: list[Element] = []
    last = 0
    while last != PIXELS:
        group, number = _TAG.unpack_from(data, at)
        tag = group << 16 | number
        if tag <= last or group <= _META or group == _DELIMITERS:
            raise _Odd
        found.append(_element(data, at, tag, size))
        at, last = found[-1].end, tag
    if at != size or found[-1].is_open:
        raise _Odd
    return found


def _element(data: bytes, at: int, tag: int, size: int) -> Element:
    kind = data[at + 4 : at + 6]
    if kind in _SHORT:
        value = at + 8
        (length,) = _SHORT_LENGTH.unpack_from(data, at + 6)
    elif kind in _LONG:
        value = at + 12
        (length,) = _LENGTH.unpack_from(data, at + 8)
    else:
        raise _Odd
    if length == _UNDEFINED:
        if kind != b"SQ":
            raise _Odd
        return Element(tag, at, value, _after_items(data, value, size, 1), is_open=True)
    if value + length > size:
        raise _Odd
    return Element(tag, at, value, value + length)


def _after_items(data: bytes, at: int, size: int, depth: int) -> int:
    """Where a sequence of undefined length ends (PS3.5 7.5.2)."""
    if depth > MAX_DEPTH:
        raise _Odd
    while True:
        tag, length = _item(data, at)
        at += 8
        if tag == _SEQUENCE_END and length == 0:
            return at
        if tag != _ITEM:
            raise _Odd
        at = _after_item(data, at, size, depth) if length == _UNDEFINED else at + length
        if at > size:
            raise _Odd


def _after_item(data: bytes, at: int, size: int, depth: int) -> int:
    while True:
        group, number = _TAG.unpack_from(data, at)
        if group << 16 | number == _ITEM_END:
            if _LENGTH.unpack_from(data, at + 4)[0]:
                raise _Odd
            return at + 8
        kind = data[at + 4 : at + 6]
        if kind == b"SQ" and _LENGTH.unpack_from(data, at + 8)[0] == _UNDEFINED:
            at = _after_items(data, at + 12, size, depth + 1)
        else:
            at = _element(data, at, group << 16 | number, size).end


def _item(data: bytes, at: int) -> tuple[int, int]:
    group, number = _TAG.unpack_from(data, at)
    return group << 16 | number, _LENGTH.unpack_from(data, at + 4)[0]
