"""`manage.py verify_audit`: find and name what was done to the record (A1)."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from readerstudy.audit import chain, selectors
from readerstudy.audit.chain import Break, Head

SHOWN = 20


class Command(BaseCommand):
    """Verify the chains in the database, or an exported one."""

    help = "Verify the audit chains; exits with 1 when something was done to them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--heads", type=Path, help="heads kept earlier (export_audit --heads)")
        parser.add_argument("--lines", type=Path, help="verify this export instead of the database")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Verify and say what was found."""
        kept = _heads(options["heads"]) if options["heads"] else []
        if options["lines"]:
            with options["lines"].open(encoding="utf-8") as lines:
                found = chain.verify_lines(lines, kept=kept)
        else:
            found = selectors.verify(kept=kept)
        if found:
            raise CommandError(_report(found))
        against = f", and against {len(kept)} kept heads" if kept else ""
        self.stdout.write(f"Every entry holds{against}.")


def _heads(path: Path) -> list[Head]:
    try:
        return [Head(**each) for each in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, TypeError, json.JSONDecodeError) as error:
        words = f"{path} does not hold heads ({error}). Give a file made by export_audit --heads."
        raise CommandError(words) from error


def _report(found: list[Break]) -> str:
    lines = [
        f"{each.chain or 'database'} {each.number}: {each.tampering}: {each.words}"
        for each in found[:SHOWN]
    ]
    more = [f"... and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return "\n".join(["The record was tampered with:", *lines, *more])
