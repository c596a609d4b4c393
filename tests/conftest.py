"""What every test shares: the database it runs on, the servers it may need, the standing cast."""

import gc
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis
import pytest
from django.conf import settings
from django.db import connection, connections
from django.test import Client
from pytest_django import DjangoDbBlocker

from readerstudy.accounts.models import User
from readerstudy.reads import triggers
from scripts.launcher import tools
from tests import cast, dealing, flush, kept, lock_order, skips, templates
from tests.faults.platform import drop_database

POSTGRES_URL = os.environ.get("TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
SERVER = os.environ.get("DATABASE_URL") or POSTGRES_URL
REDIS_URL = os.environ.get("TEST_BROKER_URL", "redis://127.0.0.1:6379/9")
ORTHANC_URL = os.environ.get("TEST_ORTHANC_URL", "http://127.0.0.1:8042/")
# The machine that runs the tests is shared: a slow example is no fault of the code.
hypothesis.settings.register_profile("shared", deadline=None)
hypothesis.settings.load_profile("shared")
pytest_runtest_makereport = skips.pytest_runtest_makereport
pytest_make_collect_report = skips.pytest_make_collect_report


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--database`: what the tests run on."""
    asked = os.environ.get("DATABASE_URL", "").startswith("postgres")
    parser.addoption(
        "--database",
        choices=["sqlite", "postgres"],
        default="postgres" if asked else "sqlite",
        help="SQLite in memory, or PostgreSQL at DATABASE_URL or TEST_DATABASE_URL",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Set what tests have otherwise: a cheap password hash, plain static files, the database."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns where there is none
    _choose_database(config)


def _choose_database(config: pytest.Config) -> None:
    """Point Django at PostgreSQL before anything connects; a run has its own database."""
    if config.getoption("--database") != "postgres":
        return
    if not _answers(SERVER, 5432):
        line = f"NOT RUN: the PostgreSQL tests: no server answers at {SERVER}"
        pytest.exit(line, returncode=1 if skips.IN_CI else 0)
    parts, name = urlsplit(SERVER), f"test_readerstudy_{os.getpid()}"
    settings.DATABASES["default"] |= {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": parts.hostname,
        "PORT": parts.port or 5432,
        "USER": parts.username,
        "PASSWORD": parts.password or "",
        "NAME": parts.path.lstrip("/"),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {},
    }
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = name
    del connections["default"]  # made for SQLite while Django was set up


@cache
def _answers(url: str, default_port: int) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or default_port), 1).close()
    except OSError:
        return False
    return True


NEEDS: dict[str, tuple[Callable[[], bool], str]] = {
    "redis": (lambda: _answers(REDIS_URL, 6379), f"no Redis at {REDIS_URL}"),
    "orthanc": (
        lambda: _answers(ORTHANC_URL, 8042) or shutil.which("Orthanc") is not None,
        f"no Orthanc at {ORTHANC_URL} and none installed",
    ),
    "nginx": (
        lambda: shutil.which("nginx") is not None and tools.NGINX_JS.exists(),
        "nginx or its JavaScript module (libnginx-mod-http-js) is not installed",
    ),
    "dcmtk": (lambda: shutil.which("dcmdump") is not None, "dcmtk is not installed (dcmdump)"),
    "browser": (
        lambda: any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
        "no Chromium is installed",
    ),
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Set aside PostgreSQL's own tests on SQLite, and on PostgreSQL what is run once.

    `make test` runs both.
    """
    nowhere = [
        item.nodeid
        for item in items
        if item.get_closest_marker("once") and item.get_closest_marker("postgres")
    ]
    if nowhere:
        raise pytest.UsageError(f"Marked once and postgres, so never run: {', '.join(nowhere)}")
    marker = "once" if config.getoption("--database") == "postgres" else "postgres"
    aside = [item for item in items if item.get_closest_marker(marker)]
    if aside:
        items[:] = [item for item in items if not item.get_closest_marker(marker)]
        config.hook.pytest_deselected(items=aside)
    dealing.deal(items)


def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what was imported: it lasts as long as the tests.

    A tenth of the tests' processor time went into looking through it again and again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip loudly what needs a server or tool that is not there; under CI that fails."""
    for marker, (there, words) in NEEDS.items():
        if item.get_closest_marker(marker) and not there():
            pytest.skip(f"NOT RUN: tests marked {marker}: {words}")


@pytest.fixture(autouse=True)
def _folders(settings: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give each test its own store, spool and queue, made only when used."""
    base = Path(tmp_path_factory.getbasetemp()) / os.urandom(6).hex()
    for name in ("STORE_DIR", "SPOOL_DIR", "QUEUE_DIR"):
        setattr(settings, name, base / name.removesuffix("_DIR").lower())
    temporary = tempfile.tempdir
    yield
    tempfile.tempdir = temporary  # a receiver moves it into its spool
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Give each worker of a parallel run a database of its own, migrated before."""
    if connection.vendor == "postgresql" and "PYTEST_XDIST_WORKER" in os.environ:
        shared = templates.of_all_workers(tmp_path_factory)
        made = templates.migrated_for_all_workers(SERVER, shared)
        connection.settings_dict["TEST"]["TEMPLATE"] = made
    with templates.migrated_already():
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Let the flush that ends a test with threads past the triggers."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            flush.by_deleting(cursor)
        else:
            for name in triggers.DELETE_TRIGGERS:
                cursor.execute(f"DROP TRIGGER {name}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Drop the databases that the workers of a run shared, once all of them have ended."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    shared = Path(session.config._tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]
    for name in templates.names_of_all_workers(shared):
        drop_database(SERVER, name)


@pytest.fixture(autouse=True)
def _lock_order() -> Iterator[None]:
    """Fail a test whose code locks a row while it holds the audit chain (PostgreSQL)."""
    with connection.execute_wrapper(lock_order.Watch()):
        yield


@pytest.fixture
def people(db: None) -> cast.People:
    """The standing cast: see `tests.cast`."""
    return kept.kept("the cast", cast.people)


@pytest.fixture
def sign_in(client: Client) -> Callable[..., Client]:
    """Sign one of the cast in: `sign_in(people.cora).get(...)`."""

    def signed_in(user: User) -> Client:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in


@pytest.fixture(scope="session")
def dicom_problems() -> Callable[[Path], list[str]]:
    """Errors and warnings of dciodvfy; without it the tests are skipped loudly, in CI they fail."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("NOT RUN: dciodvfy is missing; install dicom3tools to check DICOM conformance")

    def problems(path: Path) -> list[str]:
        done = subprocess.run(
            ["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False
        )
        lines = done.stderr.splitlines()
        assert lines, f"dciodvfy did not read {path}"
        return [line for line in lines if line.startswith(("Error", "Warning"))]

    return problems
