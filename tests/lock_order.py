"""Watches that a transaction takes the audit chain's lock last (40P01, deadlock).

The chain is one queue for a whole study: whoever holds it and then waits for a row waits for a
transaction that may wait for the chain. A row that the transaction has locked before is no wait.
Two chains in one transaction would wait for each other in the same way.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

CHAIN = "pg_advisory_xact_lock"
LOCKING = re.compile(r"\bFOR (?:NO KEY )?UPDATE\b")
CHANGING = re.compile(r'^(?:UPDATE|DELETE FROM) "(\w+)"')
SELECTED = re.compile(r'\bFROM "(\w+)"')
# A study made in the transaction is nobody else's yet, nor is what hangs on it.
MAKING = 'INSERT INTO "studies_study"'
OF_A_STUDY = frozenset({"studies_study", "truth_panel"})


@contextmanager
def undone() -> Iterator[None]:
    """A test's own transaction, rolled back at its end; what it holds counts for no order."""
    own = transaction.atomic()
    # As Django marks the one around a whole test; its stubs leave that out.
    own._from_testcase = True  # type: ignore[attr-defined]
    with own:
        yield
        transaction.set_rollback(True)


class LockOrderError(AssertionError):
    """A row's lock was asked for while the audit chain's was held."""


class Watch:
    """A wrapper of the connection's `execute`; knows one transaction at a time."""

    def __init__(self) -> None:
        """Begin outside any transaction."""
        self._block: object = None
        self._locked: set[str] = set()
        self._chain: Any = None

    def __call__(
        self,
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,  # noqa: FBT001 -- Django's signature of a wrapper
        context: dict[str, Any],
    ) -> Any:
        """Run a statement, unless it locks another table's rows after the chain."""
        self._begin_anew_outside_of(self._outermost())
        if CHAIN in sql:
            if self._chain not in {None, tuple(params)}:
                raise LockOrderError("A second audit chain is written in one transaction.")
            self._chain = tuple(params)
        elif sql.startswith(MAKING):
            self._locked |= OF_A_STUDY
        elif (table := _locks(sql)) is not None:
            if self._chain is not None and table not in self._locked:
                raise LockOrderError(f"{table} is locked after the audit chain: {sql[:200]}")
            self._locked.add(table)
        return execute(sql, params, many, context)

    def _outermost(self) -> object:
        """The transaction of the code under test: the test's own is not one of its."""
        own = (
            block
            for block in connection.atomic_blocks
            if not getattr(block, "_from_testcase", False)
        )
        return next(own, None)

    def _begin_anew_outside_of(self, block: object) -> None:
        if block is None or block is not self._block:
            self._block, self._locked, self._chain = block, set(), None


def _locks(sql: str) -> str | None:
    """The table whose rows a statement locks; None for one that locks none."""
    if (changed := CHANGING.match(sql)) is not None:
        return changed.group(1)
    if LOCKING.search(sql) and (selected := SELECTED.search(sql)) is not None:
        return selected.group(1)
    return None
