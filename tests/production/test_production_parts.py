"""The same code on PostgreSQL and Redis: a study from phantoms to signed reads, by real servers."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from scripts.launcher.setup import PYTHON, ROOT

ADMIN = os.environ.get("TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("TEST_BROKER_URL", "redis://127.0.0.1:6379/9")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An empty database of its own, Redis as the broker."""
    name = f"readerstudy_e2e_{os.getpid()}"
    with psycopg.connect(ADMIN, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield {
            **os.environ,
            "READERSTUDY_VAR": str(tmp_path),
            "READERSTUDY_CACHE": os.environ.get("READERSTUDY_CACHE", str(ROOT / "var" / "cache")),
            "DATABASE_URL": ADMIN.rsplit("/", 1)[0] + f"/{name}",
            "BROKER_URL": REDIS,
        }
    finally:
        with psycopg.connect(ADMIN, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _manage(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [str(PYTHON), "manage.py", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.redis
def test_a_study_runs_on_postgresql_and_redis(environment: dict[str, str]) -> None:
    _manage(environment, "migrate", "--no-input", "-v", "0")
    _manage(environment, "make_demo", "--cases", "4", "--training", "1")
    counts = _manage(
        environment,
        "shell",
        "-v",
        "0",
        "-c",
        "from readerstudy.reads.models import Read; from readerstudy.proposals.models import Run;"
        "print(Read.objects.filter(state='submitted').count());"
        "print(Run.objects.filter(state='done').count())",
    ).split()
    assert counts == ["45", "5"]  # five simulated readers x (1 training + 2 x 4), five cases
    assert "Every entry holds" in _manage(environment, "verify_audit")
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)


def test_production_settings_pass_djangos_deployment_check(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "READERSTUDY_VAR": str(tmp_path),
        "READERSTUDY_PRODUCTION": "true",
        "DATABASE_URL": "",
    }
    del environment["DATABASE_URL"]
    done = subprocess.run(
        [str(PYTHON), "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
