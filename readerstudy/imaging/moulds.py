"""The slices of a series are alike: what pydicom made of one is used again for the next. Pure.

The first file of a series takes the long way (`parsing`): decoded, checked, de-identified element
by element, written. It leaves a mould: the clean file's bytes, with gaps for the few elements that
differ from slice to slice. A later file fits the mould only where every element that is kept, or
that a check, a hint or the pseudonym reads, is the same byte for byte, and where what goes into
the gaps is a plain number, or the UID that is replaced. Whatever does not fit takes the long way:
nothing is accepted here that was not accepted there.
"""

import hashlib
import re
import struct
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from pydicom.datadict import keyword_for_tag, tag_for_keyword

from readerstudy.imaging import dates, deidentify, elements, hints, walker
from readerstudy.imaging.headers import Header
from readerstudy.imaging.options import SHIFT, Options
from readerstudy.imaging.pixels import Buffer, Samples, only_pixel_bits
from readerstudy.imaging.walker import Element, Walked

MANY = 32  # moulds that are kept: series that arrive in turns
MAX_KEY = 64 * 1024
_UID = re.compile(rb"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))+")
_DECIMAL = re.compile(rb"[+-]?[0-9]+(?:\.[0-9]*)?")
_INTEGER = re.compile(rb"-?[0-9]{1,9}")
_MAX_UID, _MAX_DECIMAL = 64, 16
_HEAD = 6  # tag and value representation
_GROUP_LENGTH = walker.PREAMBLE + 8  # where the value of (0002,0000) lies, the first element
_LENGTH, _SHORT_LENGTH = struct.Struct("<I"), struct.Struct("<H")
_PIXELS = "PixelData"


def _tags(*keywords: str) -> frozenset[int]:
    return frozenset(int(tag_for_keyword(each) or 0) for each in keywords)


(_SOP_UID,), (_NUMBER,) = _tags("SOPInstanceUID"), _tags("InstanceNumber")
(_POSITION,), (_META_SOP_UID,) = _tags("ImagePositionPatient"), _tags("MediaStorageSOPInstanceUID")
(_BOLUS_TIME,), (_ACQUISITION_TIME,) = _tags("ContrastBolusStartTime"), _tags("AcquisitionTime")
_DECIMALS = _tags("ImagePositionPatient", "SliceLocation", "WindowCenter", "WindowWidth")
_INTEGERS = _tags("InstanceNumber", "AcquisitionNumber")
_WORDS = _tags("SmallestImagePixelValue", "LargestImagePixelValue")
GAPS = _DECIMALS | _INTEGERS | _WORDS | {_SOP_UID}
_KEPT = elements.ALL | elements.DEVICE | hints.KEYWORDS | {"SpecificCharacterSet"}


@lru_cache(maxsize=8192)
def is_keyed(tag: int, *, has_dates: bool, has_bolus: bool) -> bool:
    """Whether a mould depends on the element's value: it is kept or read, and in no gap.

    Parameters
    ----------
    has_dates : bool
        Dates and times are kept, moved.
    has_bolus : bool
        The file says when contrast was given: the time of acquisition is read then.
    """
    if tag in GAPS:
        return False
    if tag == _ACQUISITION_TIME and has_bolus:
        return True
    keyword = keyword_for_tag(tag)
    if keyword in dates.ELEMENTS:
        return has_dates
    return keyword in _KEPT or deidentify.may_identify(tag, keyword)


@dataclass(frozen=True)
class Mould:
    """A clean file with gaps, and what was found about it on the long way."""

    header: Header
    meta: bytes  # up to the data set
    uid: tuple[int, int]  # where the instance's UID lies in it
    parts: tuple[bytes | int, ...]  # bytes as they are, or the tag that comes here
    pixels: bytes  # the head of the pixel data
    samples: Samples


class Moulds:
    """The moulds of the last series, the oldest forgotten first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Mould] = OrderedDict()

    def find(self, fit: bytes) -> Mould | None:
        """The mould of files that are alike."""
        found = self._kept.get(fit)
        if found is not None:
            self._kept.move_to_end(fit)
        return found

    def keep(self, fit: bytes, mould: Mould | None) -> None:
        """Keep a mould, if there is one."""
        if mould is None:
            return
        self._kept[fit] = mould
        while len(self._kept) > MANY:
            self._kept.popitem(last=False)


def fit_of(data: bytes, walked: Walked, key: bytes, options: Options) -> bytes | None:
    """What files of one mould have in common, as a digest: nothing of a patient is kept here.

    None for files of which none is like another: private elements that are kept, or much to
    compare.
    """
    if options.private:
        return None
    pieces = [len(key).to_bytes(2), key, repr(options).encode()]
    for each, is_whole in zip(walked.elements, keyed(walked, options), strict=True):
        pieces.append(data[each.start : each.end if is_whole else each.start + _HEAD])
    pieces.append(data[walked.pixels.start : walked.pixels.value])
    joined = b"".join(pieces)
    return None if len(joined) > MAX_KEY else hashlib.sha256(joined).digest()


def keyed(walked: Walked, options: Options) -> list[bool]:
    """Of each element of a file, whether a mould depends on its value."""
    has_dates = options.dates == SHIFT
    has_bolus = any(each.tag == _BOLUS_TIME for each in walked.elements)
    return [
        each.is_open or is_keyed(each.tag, has_dates=has_dates, has_bolus=has_bolus)
        for each in walked.elements
    ]


def learn(
    data: bytes, walked: Walked, header: Header, clean: bytes, samples: Samples
) -> Mould | None:
    """The mould that a file leaves; None where its gaps would not have come out by themselves.

    Parameters
    ----------
    data, walked
        The file as it came.
    header, clean, samples
        What the long way made of it.
    """
    made = walker.walk(clean, len(clean))
    if made is None or header.frames != 1 or header.is_suspect:
        return None
    gaps = {each.tag: each for each in walked.elements if each.tag in GAPS}
    written = {each.tag: clean[each.start : each.end] for each in made.elements}
    filled = _filled(data, gaps, header.sop_uid)
    if filled is None or any(written.get(tag) != filled[tag] for tag in gaps):
        return None
    uid = uid_in(clean, made)
    if uid is None or GAPS & written.keys() != gaps.keys():
        return None
    return Mould(
        header=replace(header, report=_without_pixels(header.report)),
        meta=clean[: made.body],
        uid=uid,
        parts=_parts(made.elements, written),
        pixels=clean[made.pixels.start : made.pixels.value],
        samples=samples,
    )


def _parts(found: list[Element], written: Mapping[int, bytes]) -> tuple[bytes | int, ...]:
    parts: list[bytes | int] = []
    for each in found:
        if each.tag in GAPS:
            parts.append(each.tag)
        elif parts and isinstance(parts[-1], bytes):
            parts[-1] += written[each.tag]
        else:
            parts.append(written[each.tag])
    return tuple(parts)


def uid_in(data: bytes, walked: Walked) -> tuple[int, int] | None:
    """Where the meta information of a file has the instance's UID."""
    found = walker.in_meta(data, walked, _META_SOP_UID)
    return (found.value, found.end) if found else None


def _without_pixels(report: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The report of a file whose pixels had nothing to clear."""
    return {**report, "replaced": [each for each in report["replaced"] if each != _PIXELS]}


def cast(
    data: bytes, walked: Walked, mould: Mould, key: bytes, source_sha256: str
) -> tuple[Header, list[Buffer]] | None:
    """A clean file out of a mould, in pieces; None where what is in its gaps is not plain."""
    gaps = {each.tag: each for each in walked.elements if each.tag in GAPS}
    original = _uid(data, gaps.get(_SOP_UID))
    if original is None:
        return None
    sop_uid = deidentify.map_uid(original, key)
    filled = _filled(data, gaps, sop_uid)
    if filled is None:
        return None
    begin = walked.pixels.value
    stored = memoryview(data)[begin : begin + mould.samples.bytes]
    native, is_cleared = only_pixel_bits(stored, mould.samples)
    head = [_meta(mould, sop_uid)]
    head += [part if isinstance(part, bytes) else filled[part] for part in mould.parts]
    head.append(mould.pixels)
    pieces: list[Buffer] = [b"".join(head), native, b"\0" * (len(native) % 2)]
    offset = len(pieces[0])
    report = mould.header.report
    if is_cleared:
        report = {**report, "replaced": sorted([*report["replaced"], _PIXELS])}
    digest = hashlib.sha256(pieces[0])
    digest.update(native)
    digest.update(pieces[2])
    number = gaps.get(_NUMBER)
    header = replace(
        mould.header,
        sop_uid=sop_uid,
        number=int(data[number.value : number.end]) if number else mould.header.number,
        pixel_offset=offset,
        source_sha256=source_sha256,
        sha256=digest.hexdigest(),
        bytes=sum(map(len, pieces)),
        report=report,
    )
    return header, pieces


def _filled(data: bytes, gaps: Mapping[int, Element], sop_uid: str) -> dict[int, bytes] | None:
    """Each gap's element as it is written, or None where one is not plain."""
    filled = {}
    for tag, element in gaps.items():
        if tag == _SOP_UID:
            value = _padded(sop_uid)
            head = data[element.start : element.start + _HEAD]
            filled[tag] = head + _SHORT_LENGTH.pack(len(value)) + value
        elif _is_plain(tag, data[element.value : element.end]):
            filled[tag] = data[element.start : element.end]
        else:
            return None
    return filled


def _uid(data: bytes, element: Element | None) -> str | None:
    if element is None:
        return None
    value = data[element.value : element.end].removesuffix(b"\0")
    return value.decode() if len(value) <= _MAX_UID and _UID.fullmatch(value) else None


def _is_plain(tag: int, value: bytes) -> bool:
    """A value that is written as it was read (PS3.5 6.2): even, no space but the one that pads."""
    if tag in _WORDS:
        return len(value) == 2  # noqa: PLR2004 -- a US or SS
    if len(value) % 2:
        return False
    values = value.removesuffix(b" ").split(b"\\")
    if tag in _INTEGERS:
        return len(values) == 1 and _INTEGER.fullmatch(values[0]) is not None
    if tag == _POSITION and len(values) != 3:  # noqa: PLR2004
        return False
    return all(len(each) <= _MAX_DECIMAL and _DECIMAL.fullmatch(each) for each in values)


def _padded(uid: str) -> bytes:
    value = uid.encode()
    return value + b"\0" * (len(value) % 2)


def _meta(mould: Mould, sop_uid: str) -> bytes:
    """The meta information with another instance's UID and the length that it has then."""
    start, end = mould.uid
    value, meta = _padded(sop_uid), mould.meta
    (length,) = _LENGTH.unpack_from(meta, _GROUP_LENGTH)
    return b"".join(
        [
            meta[:_GROUP_LENGTH],
            _LENGTH.pack(length + len(value) - (end - start)),
            meta[_GROUP_LENGTH + 4 : start - 2],
            _SHORT_LENGTH.pack(len(value)),
            value,
            meta[end:],
        ]
    )
