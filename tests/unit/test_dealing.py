"""Tests that take long are dealt to every worker."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.dealing import LONG, deal


@dataclass(frozen=True)
class Item:
    nodeid: str

    @property
    def path(self) -> Path:
        return Path(self.nodeid.partition("::")[0])


@pytest.mark.parametrize(("workers", "others"), [(3, 20), (3, 0), (2, 7), (4, 3), (1, 5)])
def test_every_worker_begins_with_files_that_take_long_and_none_is_lost(
    workers: int, others: int
) -> None:
    long: list[Any] = [
        Item(f"{LONG[-1]}test_{file}.py::test_{n}") for file in "abcde" for n in "12"
    ]
    items = [*long, *(Item(f"tests/unit/test_z.py::test_{n}") for n in range(others))]
    dealt = list(items)
    deal(dealt, workers)
    assert sorted(each.nodeid for each in dealt) == sorted(each.nodeid for each in items)
    for file in "abcde":  # whole, in their order
        places = [n for n, each in enumerate(dealt) if f"test_{file}.py" in each.nodeid]
        assert places[1] == places[0] + 1
    if others >= 20:
        share = len(items) // workers
        assert all(dealt[n * share].nodeid.startswith(LONG) for n in range(workers))
