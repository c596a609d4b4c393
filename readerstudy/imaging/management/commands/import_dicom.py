"""`manage.py import_dicom PATH --collection ID`: deliver a folder as an upload would."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from readerstudy.imaging import access
from readerstudy.imaging.models import Collection
from readerstudy.imaging.services import import_folder
from readerstudy.web.problems import Problem


def add_target(parser: ArgumentParser) -> None:
    """Take `--study` or `--collection`."""
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--study", type=UUID, help="the id in the study's address")
    where.add_argument("--collection", type=UUID, help="the collection's id")


def target(options: dict[str, Any]) -> Collection:
    """The collection that `--study` or `--collection` names.

    Raises
    ------
    CommandError
        Where there is none.
    """
    if options["study"]:
        collection = access.collection_of(options["study"])
    else:
        collection = Collection.objects.filter(pk=options["collection"]).first()
    if collection is None:
        raise CommandError("There is no such study or collection: see the study's Cases page.")
    return collection


class Command(BaseCommand):
    """Import DICOM files from a folder or a file, de-identified, with a progress bar."""

    help = "Import DICOM files (or ZIP archives of them) into a study's collection."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the path and the collection."""
        parser.add_argument("path", type=Path)
        add_target(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import and print what became of the files."""
        collection = target(options)
        with tqdm(unit="file") as bar:

            def progress(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            try:
                upload = import_folder(
                    options["path"], collection=collection, by=None, progress=progress
                )
            except Problem as problem:
                raise CommandError(problem.detail) from None
        self.stdout.write(
            f"{upload.stored} stored, {upload.repeated} repeated, {upload.refused} refused"
        )
