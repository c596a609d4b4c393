"""A platform of real processes, on the database that the run is for."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from tests import templates
from tests.conftest import SERVER
from tests.faults.form import FORM
from tests.faults.platform import Platform, drop_database, new_database

CASES = 120 if FORM == "long" else 40  # more than readers sign, however slow the faults come


def _is_on_postgres(config: pytest.Config) -> bool:
    return bool(config.getoption("--database") == "postgres")


@pytest.fixture(scope="session")
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A platform with a running study, made once a run and copied; nobody works on it."""
    shared = templates.of_all_workers(tmp_path_factory)
    made, note = Platform(shared / "prepared", ""), shared / "prepared.study"
    with FileLock(shared / "prepared.lock"):
        if not note.exists():
            shutil.rmtree(made.folder, ignore_errors=True)  # of a try that failed
            made.folder.mkdir()
            if _is_on_postgres(request.config):
                migrated = templates.migrated_for_all_workers(SERVER, shared)
                name = templates.name_for_all_workers(shared)
                made.database = new_database(SERVER, name, template=migrated)
            try:
                made.prepare(cases=CASES)
            finally:
                made.end()
            note.write_text(f"{made.study} {made.database}")
    study, database = note.read_text().split(" ")
    return replace(made, study=study, database=database)


@contextmanager
def copied(prepared: Platform, folder: Path, *, on_postgres: bool) -> Iterator[Platform]:
    """A prepared platform of one's own, whose server is not started yet."""
    shutil.copytree(prepared.folder, folder, dirs_exist_ok=True)
    name, url = f"readerstudy_faults_{os.getpid()}", ""
    if on_postgres:
        url = new_database(SERVER, name, template=prepared.database.rsplit("/", 1)[1])
    made = replace(prepared, folder=folder, database=url)
    try:
        yield made
    finally:
        made.end()
        if url:
            drop_database(SERVER, name)


@pytest.fixture(scope="module")
def platform(
    request: pytest.FixtureRequest, prepared: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """A prepared platform whose server is not started yet; a module's tests share it."""
    folder, on_postgres = tmp_path_factory.mktemp("platform"), _is_on_postgres(request.config)
    with copied(prepared, folder, on_postgres=on_postgres) as made:
        yield made
