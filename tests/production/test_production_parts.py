"""The same code on PostgreSQL and Redis: a study from phantoms to signed reads, by real servers."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.test import override_settings
from filelock import FileLock

from readerstudy.demo import phantoms
from scripts.launcher.setup import PYTHON, ROOT
from tests.heads import part_of_head

ADMIN = os.environ.get("TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("TEST_BROKER_URL", "redis://127.0.0.1:6379/9")
CASES, TRAINING = 4, 1


def _parts_of_heads(cache: Path, kept: Path) -> None:
    """Fill the demonstration's cache: it takes what lies there for the phantoms that it orders.

    Whole heads go through the same demonstration in the browser's tests; `kept` has them.
    """
    kept.mkdir(parents=True, exist_ok=True)
    wanted = phantoms.orders(CASES, TRAINING)
    wanted += phantoms.priors(TRAINING).values()
    with override_settings(CACHE_DIR=kept):
        with FileLock(kept / "phantoms.lock"):  # the browser's tests make the same ones
            made = list(phantoms.make_all(wanted, workers=2))
        whole = {order: phantoms.folder_of(order) for order in made}
        parts = {order: part_of_head(order, cache / "parts") for order in wanted}
    with override_settings(CACHE_DIR=cache):
        for order, folder in whole.items():
            to = phantoms.folder_of(order)
            to.mkdir(parents=True)
            parts[order].rename(to / "dicom")
            shutil.copyfile(folder / phantoms.TRUTH, to / phantoms.TRUTH)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An empty database of its own, Redis as the broker, examinations that are soon taken in."""
    kept = Path(os.environ.get("READERSTUDY_CACHE", ROOT / "var" / "cache"))
    _parts_of_heads(tmp_path / "cache", kept)
    name = f"readerstudy_e2e_{os.getpid()}"
    with psycopg.connect(ADMIN, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield {
            **os.environ,
            "READERSTUDY_VAR": str(tmp_path),
            "READERSTUDY_CACHE": str(tmp_path / "cache"),
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
    _manage(environment, "make_demo", "--cases", str(CASES), "--training", str(TRAINING))
    counts = _manage(
        environment,
        "shell",
        "-v",
        "0",
        "-c",
        "from readerstudy.reads.models import Read; from readerstudy.proposals.models import Run;"
        "from readerstudy.studies.models import Case;"
        "print(Read.objects.filter(state='submitted').count());"
        # Of a prior too there may be one by now, which nobody waited for.
        "of_cases = Case.objects.values('examination');"
        "print(Run.objects.filter(state='done', examination__in=of_cases).count())",
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
