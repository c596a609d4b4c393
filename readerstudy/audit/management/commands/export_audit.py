"""`manage.py export_audit`: the record as JSON lines, or the chains' heads to keep elsewhere."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from readerstudy.audit import chain, selectors


class Command(BaseCommand):
    """Write the record to standard output."""

    help = "Write the audit entries as JSON lines (verify_audit --lines), or their heads."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--study", help="one study's chain only (its id, or “platform”)")
        parser.add_argument(
            "--heads",
            action="store_true",
            help="write lengths and last hashes only: keep them where no operator can change them",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write."""
        if options["heads"]:
            kept = [asdict(head) for head in selectors.heads(options["study"])]
            self.stdout.write(json.dumps(kept, indent=1))
            return
        for link in selectors.links(options["study"]):
            self.stdout.write(chain.to_line(link), ending="")
