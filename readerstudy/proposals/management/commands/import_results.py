"""`manage.py import_results PATH ... --study ID --detector NAME@VERSION`: a vendor's results."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from readerstudy.proposals import services
from readerstudy.proposals.delivered import MAX_FILES
from readerstudy.studies.models import Study
from readerstudy.web.problems import Problem


class Command(BaseCommand):
    """Deliver results of another maker's AI, as the Cases page does, folder by folder."""

    help = (
        "Take SEG, SR (TID 1500), RT Structure Sets, NIfTI masks and CSV files of another maker's"
        " AI as a draft's proposals."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the paths, the study and the detector."""
        parser.add_argument("paths", type=Path, nargs="+")
        parser.add_argument("--study", type=UUID, required=True)
        parser.add_argument("--detector", required=True, help="name@version, as written down")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Deliver folder by folder: a report and its Segmentation lie in one."""
        study = Study.objects.filter(pk=options["study"]).first()
        if study is None:
            raise CommandError("There is no such study.")
        refused = 0
        for files in tqdm(_groups(options["paths"]), unit="folder"):
            try:
                outcomes = services.deliver(
                    study, detector=options["detector"], files=files, by=None
                )
            except Problem as problem:
                raise CommandError(problem.detail) from None
            for each in outcomes:
                self.stdout.write(f"{each.what}: {each.words}")
                refused += not each.is_taken
        if refused:
            raise CommandError(f"{refused} results were not taken.")


def _groups(paths: list[Path]) -> list[list[Path]]:
    """The files that are delivered together: all of them, or folder by folder where it is many."""
    files = [
        each
        for path in paths
        for each in (sorted(path.rglob("*")) if path.is_dir() else [path])
        if each.is_file() and not each.is_symlink()
    ]
    if not files:
        raise CommandError("There is no file.")
    if len(files) <= MAX_FILES:
        return [files]
    folders: dict[Path, list[Path]] = {}
    for each in files:
        folders.setdefault(each.parent, []).append(each)
    return list(folders.values())
