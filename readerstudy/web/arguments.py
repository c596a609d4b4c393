"""Kinds of arguments of the commands: what cannot be is said before anything is made."""

from argparse import ArgumentTypeError
from collections.abc import Callable


def at_least(least: int) -> Callable[[str], int]:
    """A whole number from `least` on."""

    def whole(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ArgumentTypeError(f"{text} is no whole number from {least} on")
        return int(text)

    return whole


def port(text: str) -> int:
    """A port of TCP."""
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise ArgumentTypeError(f"{text} is no port: give one from 1 to 65535")
    return int(text)
