"""Where the frames of a series' instances lie, as a table that the proxy reads by itself. Pure.

Lines of one length, in the order of the instances' file names, so that one is found by halving:

    name, 32 letters | where the first frame begins | bytes of a frame | frames

`docs/nginx-frames.js` reads it; what is not in it is asked of the platform.
"""

from collections.abc import Iterable
from typing import NamedTuple

LINE = 64  # bytes, its end included
LONGEST = (11, 11, 6)  # digits of each number


class Place(NamedTuple):
    """An instance whose frames follow one another to the end of its file."""

    name: str  # of its file, without the ending
    offset: int  # of the first frame, bytes
    frame_bytes: int
    frames: int


def written(places: Iterable[Place]) -> bytes:
    """The table; an instance whose numbers are longer than a line has room for is left out."""
    lines = []
    for name, *numbers in sorted(places):
        if all(len(str(each)) <= most for each, most in zip(numbers, LONGEST, strict=True)):
            told = " ".join(str(each).rjust(n) for each, n in zip(numbers, LONGEST, strict=True))
            lines.append(f"{name} {told}\n")
    return "".join(lines).encode("ascii")
