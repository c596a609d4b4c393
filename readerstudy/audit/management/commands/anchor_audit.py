"""`manage.py anchor_audit`: sign how far every chain goes, for a keeper outside (H1)."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from readerstudy.audit import anchoring


class Command(BaseCommand):
    """Write an anchor to standard output, or to the anchors' folder."""

    help = "Write a signed anchor: keep it where no operator of this platform can change it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--keep", action="store_true", help="write it to READERSTUDY_ANCHORS")
        parser.add_argument(
            "--key", action="store_true", help="only the key's fingerprint, to be noted outside"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make it."""
        if options["key"]:
            self.stdout.write(anchoring.fingerprint())
            return
        made = anchoring.anchor(by=None)
        if options["keep"]:
            self.stdout.write(str(anchoring.keep(made)))
        else:
            self.stdout.write(anchoring.as_text(made), ending="")
