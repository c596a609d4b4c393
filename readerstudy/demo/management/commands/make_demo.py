"""`manage.py make_demo`: the demonstration study, unless it is there."""

import io
import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from typing import Any
from unittest import mock

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from readerstudy.demo import beside, build, people, phantoms
from readerstudy.demo.clock import Clock
from readerstudy.demo.reading import SimulatedReader
from readerstudy.proposals import selectors as proposals
from readerstudy.proposals import services as jobs
from readerstudy.proposals.models import Run
from readerstudy.studies.models import Study
from readerstudy.web.arguments import at_least

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
        # Of fewer cases there are not two with and two without metastases.
        parser.add_argument("--cases", type=at_least(4), default=CASES)
        parser.add_argument("--training", type=at_least(1), default=TRAINING)
        words = "first migrate the database and check every study (A3), as each start must"
        parser.add_argument("--at-start", action="store_true", help=words)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make it, step by step, each with a bar; one that was interrupted is gone on with."""
        try:
            with beside.interruptible():
                self._handle(**options)
        except KeyboardInterrupt:
            self.stderr.write("\nStopped. What was made is kept; the next start goes on with it.")
            sys.exit(130)

    def _handle(self, **options: Any) -> None:
        if options["at_start"]:  # in this process: each command by itself takes seconds to load
            call_command("migrate", interactive=False, verbosity=0)
            call_command("check_studies", stdout=io.StringIO(), stderr=self.stderr)
        study = build.find()
        if study is not None and build.is_made(study):
            return
        words = "Making the demonstration study (once)"
        self.stdout.write(words if study is None else "Going on with the demonstration study")
        clock = Clock(build.long_ago())
        with ExitStack() as at_end:
            with clock.running():
                users = build.make_people()
                if study is None or not build.is_begun(study):
                    study = build.begin(users)
            if study.state == Study.State.DRAFT:
                self._prepare(study, users, clock, at_end, options)
            if study.state != Study.State.RUNNING:
                with clock.running():
                    study = build.open_for_reading(study, by=users["coordinator"])
            self._read(study, users, clock)

    def _prepare(
        self, study: Study, users: Any, clock: Clock, at_end: ExitStack, options: dict[str, Any]
    ) -> None:
        """While cases are made, those that are there are taken in, and the worker proposes."""
        training = options["training"]
        wanted = [*phantoms.orders(options["cases"], training), *phantoms.priors(training).values()]
        with beside.worker(at_end) as worker:
            with clock.running():
                self._take_in(study, wanted, users, training)
            self._propose(study, worker)

    def _take_in(self, study: Study, wanted: list[Any], users: Any, training: int) -> None:
        with (
            closing(phantoms.make_all(wanted, workers=_cores())) as made,
            tqdm(desc="Synthetic cases", total=len(wanted), **BAR) as bar,
        ):

            def taken() -> None:
                bar.update()
                jobs.sweep()

            found = build.take_in(study, made, by=users["coordinator"], done=taken)
        build.make_cases(study, found, training=training, by=users["coordinator"])

    def _propose(self, study: Study, worker: beside.Process) -> None:
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
                    raise CommandError(f"The worker stopped. {beside.last_words()}")
                if time.monotonic() > moved + PATIENCE_SECONDS:
                    raise CommandError(f"The worker does not get on. {beside.last_words()}")
                time.sleep(0.5)
            bar.update(total - bar.n)

    def _read(self, study: Study, users: Any, clock: Clock) -> None:
        simulated = [each for each in people.READERS if each.is_simulated]
        total = build.reads_of_one(study) * len(simulated)
        start = clock.time
        with tqdm(desc="Simulated reads", total=total, **BAR) as bar:
            for person in simulated:
                clock.time = start
                with clock.running(), _checked_once():
                    reader = SimulatedReader(study, users[person.username], clock, SEED)
                    bar.update(reader.signed())
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
