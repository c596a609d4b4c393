"""A world that is slow to make is made once in a process: later tests get the same rows back.

What is made goes through the services as ever, in the first test that asks for it. The rows and
files that it adds are kept then, and put into the database of every later test that stands where
that one stood, where they are undone like all that the test does itself.
"""

import copy
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from readerstudy.audit.models import Entry
from readerstudy.proposals import bridge
from readerstudy.studies.models import Study
from tests import factories
from tests.cast import People

# Signed reads refuse new drafts, by a trigger: they go in when the drafts are there.
LAST = "reads_read"
REAL_TIME = timezone.now
AT_ONCE = 100  # rows in a statement
Made = TypeVar("Made")
Rows = dict[str, tuple[list[str], list[tuple[Any, ...]]]]  # table -> its columns, its rows


@dataclass(frozen=True)
class _World:
    made: Any
    rows: Rows
    files: "tempfile.TemporaryDirectory[str] | None"  # goes with the process
    head: str  # what `_head` says when it is there


_worlds: dict[Any, _World] = {}


def kept(name: str, make: Callable[[], Made]) -> Made:
    """What `make` returns, made or put back; of model instances each test has its own copies.

    It is kept where `make` begins with an empty database or upon another world that is kept, told
    by the last entry of the audit, and under the true clock. `make` only adds, and depends on
    nothing else that a test sets but the detector's card.

    Raises
    ------
    AssertionError
        When `make` changes or deletes rows that were there.
    """
    head = _head()
    known = {"", *(world.head for world in _worlds.values())}
    if head not in known or timezone.now is not REAL_TIME:
        return make()
    key = name, head, bridge.card.__code__
    if key in _worlds:
        _put_back(_worlds[key])
    else:
        before = _rows()
        made = make()
        _worlds[key] = _World(copy.deepcopy(made), _added(before), _files(), _head())
    result: Made = copy.deepcopy(_worlds[key].made)
    return result


def draft_study(people: People, **options: Any) -> Study:
    """`factories.draft_study`, kept."""
    return kept(f"draft {options!r}", lambda: factories.draft_study(people, **options))


def locked_study(people: People, **options: Any) -> Study:
    """`factories.locked_study`, kept."""
    return kept(f"locked {options!r}", lambda: factories.locked_study(people, **options))


def running_study(people: People, **options: Any) -> Study:
    """`factories.running_study`, kept."""
    return kept(f"running {options!r}", lambda: factories.running_study(people, **options))


def _head() -> str:
    """Whatever the services do has its entry: the last one's hash tells what there is."""
    return Entry.objects.order_by("-pk").values_list("hash", flat=True).first() or ""


def _tables() -> list[str]:
    models = apps.get_models(include_auto_created=True)
    return sorted({model._meta.db_table for model in models if model._meta.managed})


def _rows() -> Rows:
    rows = {}
    with connection.cursor() as cursor:
        for table in sorted(_tables(), key=lambda name: (name == LAST, name)):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows[table] = [column[0] for column in cursor.description], cursor.fetchall()
    return rows


def _added(before: Rows) -> Rows:
    """The rows that were not there before."""
    added = {}
    for table, (columns, rows) in _rows().items():
        old = before[table][1]
        new = [row for row in rows if row not in old]
        assert len(new) == len(rows) - len(old), f"rows of {table} were changed"
        if new:
            added[table] = columns, new
    return added


def _files() -> "tempfile.TemporaryDirectory[str] | None":
    """A copy of the store."""
    if not settings.STORE_DIR.exists():
        return None
    folder = tempfile.TemporaryDirectory(prefix="readerstudy-kept-")
    shutil.copytree(settings.STORE_DIR, folder.name, dirs_exist_ok=True)
    return folder


def _put_back(world: _World) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for table, (columns, rows) in world.rows.items():
            names = ", ".join(f'"{column}"' for column in columns)
            places = f"({', '.join(['%s'] * len(columns))})"
            for some in (rows[at : at + AT_ONCE] for at in range(0, len(rows), AT_ONCE)):
                every = ", ".join([places] * len(some))
                values = [value for row in some for value in row]
                cursor.execute(f'INSERT INTO "{table}" ({names}) VALUES {every}', values)
    if world.files is not None:
        shutil.copytree(world.files.name, settings.STORE_DIR, dirs_exist_ok=True)
