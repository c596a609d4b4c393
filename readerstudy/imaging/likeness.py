"""Slices that are laid out byte for byte as one before them: found without walking. Pure.

What `walker.walk` and `moulds.fit_of` look at are the heads of elements and the values that a mould
depends on. Where all these bytes are, at the same places, those of a file before, both would answer
what they answered then.
"""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from readerstudy.imaging import moulds, walker
from readerstudy.imaging.moulds import Mould
from readerstudy.imaging.options import Options
from readerstudy.imaging.walker import Walked

MANY = 8  # kept: series that arrive in turns, UIDs and numbers of several lengths


@dataclass(frozen=True)
class Likeness:
    """Where to look in a file, and what is there in all that are alike."""

    size: int
    key: bytes
    options: Options
    looked_at: tuple[slice, ...]
    digest: bytes  # nothing of a patient is kept here
    walked: Walked
    mould: Mould


class Found(NamedTuple):
    """What walking would have found, and the mould that fits."""

    walked: Walked
    mould: Mould


class Likenesses:
    """Of the last files, the last one first."""

    def __init__(self) -> None:
        self._kept: list[Likeness] = []

    def find(self, data: bytes, key: bytes, options: Options) -> Found | None:
        """What a file before this one tells of it; None where none was alike."""
        size = len(data)
        for place, each in enumerate(self._kept):
            if (
                each.size == size
                and each.key == key
                and each.options == options
                and each.digest == _digest(data, each.looked_at)
            ):
                if place:
                    self._kept.insert(0, self._kept.pop(place))
                return Found(each.walked, each.mould)
        return None

    def keep(self, data: bytes, walked: Walked, mould: Mould, key: bytes, options: Options) -> None:
        """Keep how a file lies that fits a mould."""
        places = looked_at(data, walked, options)
        if places is None:
            return
        digest = _digest(data, places)
        self._kept.insert(0, Likeness(len(data), key, options, places, digest, walked, mould))
        del self._kept[MANY:]


def looked_at(data: bytes, walked: Walked, options: Options) -> tuple[slice, ...] | None:
    """Where walking and fitting look, in order; None where the instance's UID is not in the meta.

    The preamble, that UID, and values that a mould does not depend on are all that is left out.
    """
    uid = moulds.uid_in(data, walked)
    if uid is None:
        return None
    places = [(walker.PREAMBLE - 4, uid[0]), (uid[1], walked.body)]
    keyed = moulds.keyed(walked, options)
    for each, is_keyed in zip(walked.elements, keyed, strict=True):
        end = each.end if is_keyed else each.value
        if places[-1][1] == each.start:
            places[-1] = (places[-1][0], end)
        else:
            places.append((each.start, end))
    places.append((walked.pixels.start, walked.pixels.value))
    return tuple(slice(start, end) for start, end in places)


def _digest(data: bytes, places: tuple[slice, ...]) -> bytes:
    return hashlib.sha256(b"".join([data[each] for each in places])).digest()
