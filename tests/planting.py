"""Faults planted on purpose: a test that was never seen to fail proves nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist

from readerstudy.web.problems import Problem
from tests.lock_order import undone
from tests.scripted import Refused

Plant = Callable[[pytest.MonkeyPatch], Any]
FAILURES = (AssertionError, pytest.fail.Exception, ObjectDoesNotExist, Problem, Refused)


def fails(test: Callable[..., Any], *args: Any, **fields: Any) -> bool:
    """Whether a test fails; the database is then as it was before."""
    try:
        with undone():
            test(*args, **fields)
    except FAILURES:
        return True
    return False


def caught(
    patch: pytest.MonkeyPatch, plants: dict[str, Plant], test: Callable[..., Any], *args: Any
) -> set[str]:
    """The names of the planted faults that a test fails with; without any it passes."""
    assert not fails(test, *args)
    found = set()
    for name, plant in plants.items():
        with patch.context() as planted:
            plant(planted)
            if fails(test, *args):
                found.add(name)
    return found
