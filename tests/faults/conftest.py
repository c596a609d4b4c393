"""A platform of real processes, on the database that the run is for."""

import os
from collections.abc import Iterator

import pytest

from tests.conftest import POSTGRES_URL
from tests.faults.platform import Platform, drop_database, new_database


@pytest.fixture(scope="module")
def platform(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """A prepared platform whose server is not started yet."""
    folder = tmp_path_factory.mktemp("platform")
    name, url = f"readerstudy_faults_{os.getpid()}", ""
    server = os.environ.get("DATABASE_URL") or POSTGRES_URL
    on_postgres = request.config.getoption("--database") == "postgres"
    if on_postgres:
        url = new_database(server, name)
    made = Platform(folder, url)
    try:
        made.prepare()
        yield made
    finally:
        made.kill()
        if on_postgres:
            drop_database(server, name)
