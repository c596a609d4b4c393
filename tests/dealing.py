"""Tests that take long begin on every worker: dealt to one, they are what all wait for at the end.

pytest-xdist gives each worker a stretch of the list at first, and steals only what is left.
"""

import os
from itertools import groupby, islice

import pytest

LONG = ("tests/production/", "tests/faults/")


def deal(items: list[pytest.Item], workers: int | None = None) -> None:
    """Begin each worker's stretch with some of the files that take long, whole."""
    count = workers or int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if count == 1:
        return
    files = groupby(
        (each for each in items if each.nodeid.startswith(LONG)), lambda each: each.path
    )
    hands: list[list[pytest.Item]] = [[] for _worker in range(count)]
    for number, (_path, tests) in enumerate(files):
        hands[number % count] += tests
    others = iter([each for each in items if not each.nodeid.startswith(LONG)])
    dealt: list[pytest.Item] = []
    for number, hand in enumerate(hands):
        size = (len(items) - len(dealt)) // (count - number)  # as xdist has it
        dealt += hand
        dealt += islice(others, max(size - len(hand), 0))
    items[:] = [*dealt, *others]
