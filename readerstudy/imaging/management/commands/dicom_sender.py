"""`manage.py dicom_sender`: say who may send images without a person who is signed in."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from readerstudy.imaging.management.commands.import_dicom import add_target, target
from readerstudy.imaging.models import Sender
from readerstudy.imaging.services import CALLED, add_sender, end_sender
from readerstudy.web.problems import Problem


class Command(BaseCommand):
    """Add, end and list senders."""

    help = "Let a PACS (C-STORE) or a program (DICOMweb) send to a study's collection."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take `add`, `end` or `list`, and what they need."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="let a PACS or a program send")
        add_target(add)
        add.add_argument("--name", required=True)
        add.add_argument("--calling", default="", help="the PACS's AE title; without it, a token")
        add.add_argument("--called", default=CALLED, help="the AE title that it calls")
        add.add_argument("--may-read", action="store_true", help="query and retrieve, too")
        end = verbs.add_parser("end", help="take no more from a sender")
        end.add_argument("id", type=UUID)
        verbs.add_parser("list", help="say who may send where")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it, and say what was done."""
        verb = options["verb"]
        if verb == "add":
            self._add(options)
        elif verb == "end":
            sender = Sender.objects.filter(pk=options["id"]).first()
            if sender is None:
                raise CommandError("There is no such sender: `dicom_sender list` shows them.")
            end_sender(sender, by=None)
            self.stdout.write(f"{sender} sends no more.")
        else:
            for each in Sender.objects.filter(ended_at=None).select_related("collection"):
                way = f"{each.calling_ae_title} -> {each.called_ae_title}"
                told = way if each.calling_ae_title else "DICOMweb"
                self.stdout.write(f"{each.pk}  {told}  {each.collection}  {each}")

    def _add(self, options: dict[str, Any]) -> None:
        collection = target(options)
        try:
            sender, token = add_sender(
                collection, name=options["name"], calling_ae_title=options["calling"],
                called_ae_title=options["called"], may_read=options["may_read"], by=None,
            )  # fmt: skip
        except Problem as problem:
            raise CommandError(problem.detail) from None
        self.stdout.write(f"Added {sender.pk} for {collection}.")
        if token:
            self.stdout.write(f"DICOMweb: /dicomweb/collections/{collection.pk}")
            self.stdout.write(f"Its token, told this once: {token}")
