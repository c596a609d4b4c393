"""`manage.py dicom_receiver`: take images that PACS and scanners send by C-STORE."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from readerstudy.imaging.receiver import MAX_ASSOCIATIONS, Receiver


class Command(BaseCommand):
    """Receive by C-STORE, answer C-ECHO, until it is stopped."""

    help = "Receive DICOM by C-STORE from the senders that `dicom_sender add` has let in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take where to listen."""
        parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 for all networks")
        parser.add_argument("--port", type=int, default=11112)
        parser.add_argument("--associations", type=int, default=MAX_ASSOCIATIONS)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Listen."""
        self.stdout.write(f"Receiving DICOM at {options['host']}:{options['port']}.")
        self.stdout.flush()
        receiver = Receiver(associations=options["associations"])
        receiver.start(options["host"], options["port"], block=True)
