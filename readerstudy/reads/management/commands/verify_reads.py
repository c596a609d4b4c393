"""`manage.py verify_reads`: whether every signed read still is what was signed."""

from argparse import ArgumentParser
from itertools import islice
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from readerstudy.reads.verification import altered

SHOWN = 50


class Command(BaseCommand):
    """Recompute what every signature is under."""

    help = "Verify the signatures and times of signed reads; exits with 1 when one does not hold."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--study", type=UUID, help="one study's reads only (its id)")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Verify and say what was found."""
        found = list(islice(altered(options["study"]), SHOWN))
        if found:
            lines = [f"read {each.read}: {each.words}" for each in found]
            raise CommandError("\n".join(["Signed reads were altered:", *lines]))
        self.stdout.write("Every signed read is what was signed.")
