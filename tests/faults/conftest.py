"""A platform of real processes, on the database that the run is for."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from tests import templates
from tests.conftest import POSTGRES_URL
from tests.faults.platform import Platform, drop_database, new_database

SERVER = os.environ.get("DATABASE_URL") or POSTGRES_URL


def _is_on_postgres(config: pytest.Config) -> bool:
    return bool(config.getoption("--database") == "postgres")


def _name_of_prepared(shared: Path) -> str:
    return f"readerstudy_prepared_{shared.name.replace('-', '_')}"


@pytest.fixture(scope="session")
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A platform with a running study, made once a run and copied; nobody works on it."""
    shared = templates.of_all_workers(tmp_path_factory)
    folder, name = shared / "prepared", _name_of_prepared(shared)
    on_postgres = _is_on_postgres(request.config)
    url = f"{SERVER.rsplit('/', 1)[0]}/{name}" if on_postgres else ""
    made, note = Platform(folder, url), shared / "prepared.study"
    with FileLock(shared / "prepared.lock"):
        if not note.exists():
            folder.mkdir()
            if on_postgres:
                new_database(SERVER, name)
            made.prepare()
            note.write_text(made.study)
    return replace(made, study=note.read_text())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Drop PostgreSQL's copy of it, once every worker has ended."""
    factory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    shared = Path(factory.getbasetemp())
    is_last = "PYTEST_XDIST_WORKER" not in os.environ
    if is_last and _is_on_postgres(session.config) and (shared / "prepared.study").exists():
        drop_database(SERVER, _name_of_prepared(shared))


@pytest.fixture(scope="module")
def platform(
    request: pytest.FixtureRequest, prepared: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """A prepared platform whose server is not started yet."""
    folder = tmp_path_factory.mktemp("platform")
    shutil.copytree(prepared.folder, folder, dirs_exist_ok=True)
    name, url = f"readerstudy_faults_{os.getpid()}", ""
    if _is_on_postgres(request.config):
        url = new_database(SERVER, name, template=prepared.database.rsplit("/", 1)[1])
    made = replace(prepared, folder=folder, database=url)
    try:
        yield made
    finally:
        made.kill()
        if url:
            drop_database(SERVER, name)
