"""`manage.py make_demo`: the demonstration study, unless it is there."""

import io
import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from readerstudy.demo import build, people, phantoms
from readerstudy.demo.clock import Clock
from readerstudy.demo.reading import SimulatedReader
from readerstudy.proposals import selectors as proposals
from readerstudy.proposals import services as jobs
from readerstudy.proposals.models import Run
from readerstudy.studies.models import Study

CASES, TRAINING = 24, 4
SEED = 20261123
LAYOUT = "  {desc:<22} {bar:28} {n:>4}/{total:<4} {elapsed}"
# In a log file (no terminal) a line now and then, not one for each step.
BAR: dict[str, Any] = {"bar_format": LAYOUT, "mininterval": 0.1 if sys.stderr.isatty() else 30.0}
PATIENCE_SECONDS = 240  # without one more case


class Command(BaseCommand):
    """Make the demonstration: people, examinations, proposals, study, simulated reads."""

    help = "Make the demonstration study (nothing happens when it is there)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the numbers of cases, and whether this is the start of the platform."""
        parser.add_argument("--cases", type=int, default=CASES)
        parser.add_argument("--training", type=int, default=TRAINING)
        words = "first migrate the database and check every study (A3), as each start must"
        parser.add_argument("--at-start", action="store_true", help=words)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make it, step by step, each with a bar."""
        if options["at_start"]:  # in this process: each command by itself takes seconds to load
            call_command("migrate", interactive=False, verbosity=0)
            call_command("check_studies", stdout=io.StringIO(), stderr=self.stderr)
        there = build.find()
        if there is not None and there.state != Study.State.DRAFT:
            return
        if there is not None:
            raise CommandError("A demonstration was begun and not finished: run `make demo-reset`.")
        self.stdout.write("Making the demonstration study (once)")
        training = options["training"]
        wanted = [*phantoms.orders(options["cases"], training), *phantoms.priors(training).values()]
        clock = Clock(build.long_ago())
        with ExitStack() as at_end:
            # While cases are made, those that are there are taken in, and the worker proposes.
            with _worker(at_end) as worker:
                with clock.running():
                    users = build.make_people()
                    study = build.begin(users)
                    self._take_in(study, wanted, users, training)
                self._propose(study, worker)
            with clock.running():
                build.open_for_reading(study, by=users["coordinator"])
            self._read(study, users, clock)

    def _take_in(self, study: Study, wanted: list[Any], users: Any, training: int) -> None:
        made = phantoms.make_all(wanted, workers=_cores())
        with tqdm(desc="Synthetic cases", total=len(wanted), **BAR) as bar:

            def taken() -> None:
                bar.update()
                jobs.sweep()

            found = build.take_in(study, made, by=users["coordinator"], done=taken)
        build.make_cases(study, found, training=training, by=users["coordinator"])

    def _propose(self, study: Study, worker: "subprocess.Popen[bytes]") -> None:
        """Wait for the Celery worker, which proposes as it does for any new examination."""
        total = study.cases.count()
        jobs.sweep()
        with tqdm(desc="AI proposals", total=total, **BAR) as bar:
            moved = time.monotonic()
            while left := len(proposals.without_proposals(study)):
                if total - left > bar.n:
                    moved = time.monotonic()
                bar.update(total - left - bar.n)
                _stop_at_quarantine(study)
                if worker.poll() is not None:
                    raise CommandError(f"The worker stopped. {_last_words()}")
                if time.monotonic() > moved + PATIENCE_SECONDS:
                    raise CommandError(f"The worker does not get on. {_last_words()}")
                time.sleep(0.5)
            bar.update(total - bar.n)

    def _read(self, study: Study, users: Any, clock: Clock) -> None:
        simulated = [each for each in people.READERS if each.is_simulated]
        total = study.cases.count() + study.cases.filter(kind="main").count()
        start = clock.time
        with tqdm(desc="Simulated reads", total=total * len(simulated), **BAR) as bar:
            for person in simulated:
                clock.time = start
                with clock.running(), _checked_once():
                    reader = SimulatedReader(study, users[person.username], clock, SEED)
                    reader.read_all(bar.update)


@contextmanager
def _checked_once() -> Iterator[None]:
    """Remember that a password fits its hash: argon2 is slow by design, 260 signatures are many."""
    with mock.patch.object(Argon2PasswordHasher, "verify", cache(Argon2PasswordHasher.verify)):
        yield


def _cores() -> int:
    return max(1, min(4, os.cpu_count() or 1))


def _stop_at_quarantine(study: Study) -> None:
    failed = proposals.runs_of(study).filter(state=Run.State.QUARANTINED).first()
    if failed is not None:
        raise CommandError(f"The detector failed: {failed.error}")


def _log() -> Path:
    return Path(settings.VAR_DIR) / "logs" / "worker.log"


def _last_words() -> str:
    """Where the worker's log is, and its end."""
    return f"The end of its log, {_log()}:\n{_log().read_text(errors='replace')[-2000:]}"


@contextmanager
def _worker(at_end: ExitStack) -> Iterator["subprocess.Popen[bytes]"]:
    """A Celery worker beside the block, told to end after it; waited for at the end of the stack.

    Its threads sleep for some ten seconds before they end: readers read meanwhile.
    """
    _log().parent.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-m", "celery", "-A", "readerstudy", "worker", "--beat",
        "--queues", "cpu,detectors", "--concurrency", "1", "--loglevel", "WARNING",
    ]  # fmt: skip
    with _log().open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 -- our own program
            command,
            cwd=settings.BASE_DIR,
            env={**os.environ, "OMP_NUM_THREADS": "1"},  # other cores make cases meanwhile
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    at_end.callback(_ended, process)
    try:
        yield process
    finally:
        process.terminate()


def _ended(process: "subprocess.Popen[bytes]") -> None:
    """Wait for a worker that was told to end; nothing of its group stays."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=20)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
