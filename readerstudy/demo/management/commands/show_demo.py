"""`manage.py show_demo`: the address and the sign-ins, printed when the platform is up."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from readerstudy.demo.people import DESK, PASSWORD, READERS
from readerstudy.web.arguments import port


class Command(BaseCommand):
    """Print where to go and as whom."""

    help = "Print the demonstration's address and sign-ins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the port."""
        parser.add_argument("--port", type=port, default=8000)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print it."""
        self.stdout.write(f"\nReaderstudy is at http://localhost:{options['port']}/\n")
        self.stdout.write(f"Sign in with the password {PASSWORD} as\n")
        for person in (*DESK, READERS[0]):
            self.stdout.write(f"  {person.username:<14} {person.display_name}")
        self.stdout.write(
            "\nThe other five readers are simulated, the cases are synthetic. Not a medical device."
        )
