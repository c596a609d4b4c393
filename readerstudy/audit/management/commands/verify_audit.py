"""`manage.py verify_audit`: find and name what was done to the record (A1)."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from readerstudy.audit import anchors, chain, selectors
from readerstudy.audit.chain import Break, Head
from readerstudy.audit.services import PLATFORM

SHOWN = 20


class Command(BaseCommand):
    """Verify the chains in the database, or an exported one."""

    help = "Verify the audit chains; exits with 1 when something was done to them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--heads", type=Path, help="heads kept earlier (export_audit --heads)")
        parser.add_argument(
            "--anchor", type=Path, action="append", default=[], help="an anchor (anchor_audit)"
        )
        parser.add_argument("--key", help="fingerprint that the anchors' key must have")
        parser.add_argument("--lines", type=Path, help="verify this export instead of the database")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Verify and say what was found."""
        kept = _heads(options["heads"]) if options["heads"] else []
        kept += [head for path in options["anchor"] for head in _anchored(path, options["key"])]
        if options["lines"]:
            found, kept = _exported(options["lines"], kept)
        else:
            found = selectors.verify(kept=kept)
        if found:
            raise CommandError(_report(found))
        against = f", and against {len(kept)} kept heads" if kept else ""
        self.stdout.write(f"Every entry holds{against}.")


def _heads(path: Path) -> list[Head]:
    try:
        return [Head(**each) for each in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, TypeError, ValueError) as error:
        words = f"{path} does not hold heads ({error}). Give a file made by export_audit --heads."
        raise CommandError(words) from error


def _anchored(path: Path, key: str | None) -> tuple[Head, ...]:
    try:
        anchor = anchors.parsed(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, anchors.NoAnchorError) as error:
        raise CommandError(f"{path}: {error}") from error
    if key and anchor.fingerprint != key:
        raise CommandError(f"{path}: signed by another key, {anchor.fingerprint}.")
    return anchor.heads


def _exported(path: Path, kept: list[Head]) -> tuple[list[Break], list[Head]]:
    """What is wrong with an export, needing no database; and the heads that speak of it.

    One study's export holds one chain, while anchors speak of every one.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            links = [chain.from_line(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be read as an export: {error}") from error
    there = {link.chain for link in links}
    if there and PLATFORM not in there:
        kept = [head for head in kept if head.chain in there]
    return chain.verify(links, kept=kept), kept


def _report(found: list[Break]) -> str:
    lines = [
        f"{each.chain or 'database'} {each.number}: {each.tampering}: {each.words}"
        for each in found[:SHOWN]
    ]
    more = [f"... and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return "\n".join(["The record was tampered with:", *lines, *more])
