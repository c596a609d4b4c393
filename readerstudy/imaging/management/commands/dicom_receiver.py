"""`manage.py dicom_receiver`: take images that PACS and scanners send by C-STORE."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from readerstudy.imaging.receiver import MAX_ASSOCIATIONS, Receiver
from readerstudy.web.arguments import at_least, port


class Command(BaseCommand):
    """Receive by C-STORE, answer C-ECHO, until it is stopped."""

    help = "Receive DICOM by C-STORE from the senders that `dicom_sender add` has let in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take where to listen."""
        parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 for all networks")
        parser.add_argument("--port", type=port, default=11112)
        parser.add_argument("--associations", type=at_least(1), default=MAX_ASSOCIATIONS)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Listen."""
        host, number = options["host"], options["port"]
        self.stdout.write(f"Receiving DICOM at {host}:{number}.")
        self.stdout.flush()
        try:
            Receiver(associations=options["associations"]).start(host, number, block=True)
        except OSError as error:
            words = f"Nobody can listen at {host}:{number}: {error.strerror}."
            raise CommandError(f"{words} Stop what runs there, or give another --port.") from None
