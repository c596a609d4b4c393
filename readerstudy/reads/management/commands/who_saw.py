"""`manage.py who_saw PROPOSAL`: the readers to whom a proposal was shown, and since when (H6)."""

import csv
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand
from django.utils import timezone

from readerstudy.audit.services import record_view
from readerstudy.reads import disclosure


class Command(BaseCommand):
    """Answer as CSV; that it was asked is recorded, for it tells arms."""

    help = "Say which readers' browsers were sent a proposal, and when first; itself recorded."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("proposal", type=UUID)
        parser.add_argument(
            "--before", type=datetime.fromisoformat, help="only before this time (ISO 8601, UTC)"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Ask and write."""
        before = options["before"] or timezone.now()
        before = before if before.tzinfo else before.replace(tzinfo=UTC)
        record_view("reads.who_saw", subject=f"proposal:{options['proposal']}", by=None)
        out = csv.writer(self.stdout)
        out.writerow(["study", "reader", "case", "read", "since"])
        for read in disclosure.seen_by(options["proposal"], before=before):
            out.writerow([read.reader.study, read.reader.code, read.case.code, read.id, read.since])
