"""`manage.py dicom_destination`: say which PACS take results."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from readerstudy.imaging.models import Destination
from readerstudy.imaging.services import CALLED, add_destination, end_destination
from readerstudy.web.problems import Problem


class Command(BaseCommand):
    """Add, end and list destinations."""

    help = "Let results be sent to a PACS by C-STORE, or to a DICOMweb service by STOW-RS."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take `add`, `end` or `list`, and what they need."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="send to a PACS")
        add.add_argument("--name", required=True)
        add.add_argument("--address", required=True, help="host:port, or a DICOMweb URL")
        add.add_argument("--called", default="", help="the PACS's AE title; without it, STOW-RS")
        add.add_argument("--calling", default=CALLED, help="the AE title that we call from")
        add.add_argument("--token-from", default="", help="environment variable with the token")
        end = verbs.add_parser("end", help="send nothing more to it")
        end.add_argument("id", type=UUID)
        verbs.add_parser("list", help="say where results can be sent")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it, and say what was done."""
        if options["verb"] == "add":
            try:
                made = add_destination(
                    name=options["name"], address=options["address"],
                    called_ae_title=options["called"], calling_ae_title=options["calling"],
                    token_variable=options["token_from"], by=None,
                )  # fmt: skip
            except Problem as problem:
                raise CommandError(problem.detail) from None
            self.stdout.write(f"Added {made.pk}: {made} by {made.get_way_display()}.")
        elif options["verb"] == "end":
            found = Destination.objects.filter(pk=options["id"]).first()
            if found is None:
                raise CommandError("No such destination: `dicom_destination list` shows them.")
            end_destination(found, by=None)
            self.stdout.write(f"Nothing more is sent to {found}.")
        else:
            for each in Destination.objects.filter(ended_at=None):
                self.stdout.write(f"{each.pk}  {each.get_way_display()}  {each.address}  {each}")
