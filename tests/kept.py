"""A world that is slow to make is made once in a process: later tests get the same rows back.

What is made goes through the services as ever, in the first test that asks for it. Its rows and
files are kept then, and put into the empty database of every later test, where they are undone like
all that the test does itself.
"""

import copy
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.apps import apps
from django.conf import settings
from django.db import connection

# Signed reads refuse new drafts, by a trigger: they go in when the drafts are there.
LAST = "reads_read"
Made = TypeVar("Made")


@dataclass(frozen=True)
class _World:
    made: Any
    rows: dict[str, tuple[list[str], list[tuple[Any, ...]]]]
    files: tempfile.TemporaryDirectory[str]  # goes with the process


_worlds: dict[str, _World] = {}


def kept(name: str, make: Callable[[], Made]) -> Made:
    """What `make` returns, made or put back; of model instances each test has its own copies.

    `make` starts from a database without rows of the platform, and depends on nothing that a test
    sets.
    """
    if name in _worlds:
        world = _worlds[name]
        _put_back(world)
    else:
        before = _filled()
        made = make()
        world = _worlds[name] = _World(copy.deepcopy(made), _rows(_filled() - before), _files())
    result: Made = copy.deepcopy(world.made)
    return result


def _tables() -> list[str]:
    models = apps.get_models(include_auto_created=True)
    return sorted({model._meta.db_table for model in models if model._meta.managed})


def _filled() -> set[str]:
    """Tables with rows."""
    found = set()
    with connection.cursor() as cursor:
        for table in _tables():
            cursor.execute(f'SELECT 1 FROM "{table}" LIMIT 1')
            if cursor.fetchone():
                found.add(table)
    return found


def _rows(tables: set[str]) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    rows = {}
    with connection.cursor() as cursor:
        for table in sorted(tables, key=lambda name: (name == LAST, name)):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows[table] = [column[0] for column in cursor.description], cursor.fetchall()
    return rows


def _files() -> tempfile.TemporaryDirectory[str]:
    """A copy of the store."""
    folder = tempfile.TemporaryDirectory(prefix="readerstudy-kept-")
    if settings.STORE_DIR.exists():
        shutil.copytree(settings.STORE_DIR, folder.name, dirs_exist_ok=True)
    return folder


def _put_back(world: _World) -> None:
    with connection.cursor() as cursor:
        for table, (columns, rows) in world.rows.items():
            names = ", ".join(f'"{column}"' for column in columns)
            places = ", ".join(["%s"] * len(columns))
            cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({places})', rows)
    shutil.copytree(world.files.name, settings.STORE_DIR, dirs_exist_ok=True)
