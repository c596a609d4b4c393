"""Databases that tests copy: to migrate takes seconds of CPU time, to copy next to none."""

import hashlib
import os
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from django.db import connection
from filelock import FileLock

from tests.faults.platform import new_database

ROOT = Path(__file__).resolve().parents[1]
# What a migrated database is made of: the migrations, what they import, and Django's own.
SOURCES = (
    "readerstudy/*/migrations/*.py",
    "readerstudy/*/triggers.py",
    "readerstudy/reads/packing.py",
    "readerstudy/audit/chain.py",
    "readerstudy/accounts/sealing.py",
    "requirements.lock",
)
NAMES = "databases"  # the file of the databases that a run's workers share


def _digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(path for pattern in SOURCES for path in ROOT.glob(pattern)):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def migrated() -> Path:
    """A SQLite file with every migration applied, made once and kept among the caches."""
    cache = Path(os.environ.get("READERSTUDY_CACHE", ROOT / "var" / "cache")) / "test-databases"
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / f"{_digest()}.sqlite3"
    with FileLock(f"{file}.lock"):
        if not file.exists():
            draft = file.with_suffix(".draft")
            draft.unlink(missing_ok=True)
            _migrate(f"sqlite:///{draft}")
            draft.rename(file)
    return file


def _migrate(url: str) -> None:
    environment = {**os.environ, "DATABASE_URL": url}
    command = [sys.executable, "manage.py", "migrate", "--no-input", "-v", "0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def migrated_for_all_workers(server: str, shared: Path) -> str:
    """Name the PostgreSQL database with every migration applied that a run's workers copy.

    One of them makes it, beside the database at `server`; the others wait.
    """
    note = shared / "migrated"
    with FileLock(f"{note}.lock"):
        if not note.exists():
            name = name_for_all_workers(shared)
            _migrate(new_database(server, name))
            note.write_text(name)
    return note.read_text()


def copied(file: Path, to: str | Path) -> sqlite3.Connection:
    """Copy a SQLite file to another, or to a memory named by its URI; answers a connection."""
    made = sqlite3.connect(to, uri=str(to).startswith("file:"), check_same_thread=False)
    with sqlite3.connect(file) as source:
        source.backup(made)
    source.close()
    return made


@contextmanager
def migrated_already() -> Iterator[None]:
    """While Django makes its test database: on SQLite it begins as a copy of the migrated one."""
    creation = connection.creation
    kept: list[sqlite3.Connection] = []  # a memory lives as long as somebody is connected to it

    def create(*_arguments: object, **_options: object) -> str:
        name = str(creation._get_test_db_name())  # type: ignore[attr-defined]
        kept.append(copied(migrated(), name))
        return name

    if connection.vendor != "sqlite":
        yield
        return
    with mock.patch.object(creation, "_create_test_db", create):
        yield
    for each in kept:
        each.close()


def of_all_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all workers of a parallel run share."""
    mine = tmp_path_factory.getbasetemp()
    return mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine


def name_for_all_workers(shared: Path) -> str:
    """Name a database of PostgreSQL that all workers of a run copy; it is dropped at its end."""
    name = f"readerstudy_prepared_{secrets.token_hex(8)}"
    with (shared / NAMES).open("a") as names:
        names.write(f"{name}\n")
    return name


def names_of_all_workers(shared: Path) -> list[str]:
    """The names that were given."""
    names = shared / NAMES
    return names.read_text().splitlines() if names.exists() else []
