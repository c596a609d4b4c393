"""Random choices that can be made again from a secret seed, on any machine, in any year. Pure.

Each purpose ("the order of reader R03 in period 1") has a stream of its own, keyed by
HMAC-SHA-256 of the seed: what readers see of one stream tells nothing about another, and adding
a reader moves no other reader's order. Streams are PCG64 bit streams, which NumPy guarantees never
to change (NEP 19); `Generator.permutation` has no such guarantee, so the shuffle is written here.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")
WORD = 2**64
SEED = re.compile(r"[0-9a-f]{64}")


def new_seed() -> str:
    """A secret seed: 256 bits of the operating system's randomness, in hexadecimal."""
    return secrets.token_hex(32)


def derived_seed(seed: str, *purpose: str) -> str:
    """A seed of its own for a purpose, by HMAC-SHA-256.

    Raises
    ------
    ValueError
        For a seed that is not 64 hexadecimal digits.
    """
    if not SEED.fullmatch(seed):
        raise ValueError("A seed is 64 hexadecimal digits.")
    text = "".join(f"{len(part)}:{part}" for part in purpose)  # no two purposes join alike
    return hmac.new(bytes.fromhex(seed), text.encode(), hashlib.sha256).hexdigest()


class Stream:
    """A source of uniform choices for one purpose.

    Parameters
    ----------
    seed : str
        64 hexadecimal digits.
    purpose : str
        Parts that together name the purpose.

    Raises
    ------
    ValueError
        For a seed of another form.
    """

    def __init__(self, seed: str, *purpose: str) -> None:
        self._bits = np.random.PCG64(int(derived_seed(seed, *purpose), 16))

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1, each equally likely (by rejection)."""
        if not 0 < limit < WORD:
            raise ValueError("The limit is a positive number of at most 64 bits.")
        while (draw := int(self._bits.random_raw())) >= WORD - WORD % limit:
            pass  # the last, incomplete stretch would favour small numbers
        return draw % limit

    def choice(self, among: Sequence[T]) -> T:
        """One of them."""
        return among[self.below(len(among))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in random order (Fisher and Yates, after Durstenfeld 1964)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order
