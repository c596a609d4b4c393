"""Kinds of arguments of the command line: what cannot be is said before anything is made."""

import math
import re
from argparse import ArgumentTypeError

_DEVICE = re.compile(r"cpu|cuda(:\d+)?")
_VERSION = re.compile(r"[\w.+-]+")


def count(text: str) -> int:
    """A whole number of at least 1."""
    return _whole(text, 1)


def natural(text: str) -> int:
    """A whole number of at least 0."""
    return _whole(text, 0)


def positive(text: str) -> float:
    """A number above 0."""
    value = _number(text)
    if not 0 < value < math.inf:
        raise ArgumentTypeError(f"{text} is no number above 0")
    return value


def share(text: str) -> float:
    """A number from 0 to 1."""
    value = _number(text)
    if not 0 <= value <= 1:
        raise ArgumentTypeError(f"{text} is no share, 0 to 1")
    return value


def device(text: str) -> str:
    """A device by torch's name."""
    if not _DEVICE.fullmatch(text):
        raise ArgumentTypeError(f"{text} is neither cpu nor cuda")
    return text


def version(text: str) -> str:
    """A version of a card."""
    if not _VERSION.fullmatch(text):
        raise ArgumentTypeError(f"{text!r}: letters, digits, dots, dashes")
    return text


def _whole(text: str, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        raise ArgumentTypeError(f"{text} is no whole number of at least {least}")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
