"""Stops a request that must not see hidden data from asking the database for them (fault F2).

While the wire is armed (every request of the reading room's API), any query that names a vault's
table is refused before it runs, so that neither a body nor a timing can tell. Two gates open it:
proposals for a read that may show them, truth for the feedback on a signed training read. Each
gate checks the read by its own rule, apart from the code that asks: a mistake there trips here.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection

PROPOSALS, TRUTH, SEED = "proposals", "truth", "seed"
VAULTS: dict[str, re.Pattern[str]] = {
    PROPOSALS: re.compile(r"\bproposals_\w+"),
    TRUTH: re.compile(r"\btruth_\w+"),
    SEED: re.compile(r"\bstudies_allocationlist\b"),
}
_open: ContextVar[frozenset[str]] = ContextVar("open_vaults", default=frozenset())


class TrippedError(RuntimeError):
    """A blinded request touched a vault: a fault of ours, stopped before it answered."""


def _refuse(
    execute: Callable[..., Any],
    sql: str,
    params: Any,
    many: bool,  # noqa: FBT001 -- Django's signature of a wrapper
    context: dict[str, Any],
) -> Any:
    for vault, tables in VAULTS.items():
        if vault not in _open.get() and (found := tables.search(sql)) is not None:
            raise TrippedError(f"A blinded request asked for {found.group()}.")
    return execute(sql, params, many, context)


@contextmanager
def armed() -> Iterator[None]:
    """Refuse every query of a vault's table while this is on."""
    with connection.execute_wrapper(_refuse):
        yield


@contextmanager
def proposals_opened(*, mode: str, stage: str, is_asked: bool) -> Iterator[None]:
    """Let proposals through for a read of an arm that has them, once its mode's condition holds.

    After the unaided stage; on demand, after the reader has asked (`is_asked`).
    """
    has_them = mode in {"concurrent", "second_reader"} or (mode == "on_demand" and is_asked)
    if not has_them or stage == "unaided":
        raise TrippedError(f"Proposals were asked for in mode {mode}, stage {stage}.")
    with _opened(PROPOSALS):
        yield


@contextmanager
def truth_opened(*, period: int, state: str, stage: str) -> Iterator[None]:
    """Let truth through for the feedback on a training read that is signed."""
    if period != 0 or state != "submitted" or stage == "unaided":
        raise TrippedError(f"Truth was asked for in period {period}, state {state}.")
    with _opened(TRUTH):
        yield


@contextmanager
def _opened(vault: str) -> Iterator[None]:
    token = _open.set(_open.get() | {vault})
    try:
        yield
    finally:
        _open.reset(token)
