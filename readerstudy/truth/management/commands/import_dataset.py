"""`manage.py import_dataset LAYOUT PATH --study ID --by NAME`: a published data set as cases."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from readerstudy.accounts.models import User
from readerstudy.imaging.layouts import LAYOUTS
from readerstudy.studies.models import Study
from readerstudy.truth.datasets import import_dataset
from readerstudy.web.problems import Problem


class Command(BaseCommand):
    """Import a data set from disk, its masks as reference standard."""

    help = "Import UCSF-BMSR, BrainMetShare, BCBM-RadioGenomics, NYUMets or folders of NIfTI."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the layout, the folder, the study and who imports."""
        parser.add_argument("layout", choices=sorted(LAYOUTS))
        parser.add_argument("path", type=Path)
        parser.add_argument("--study", type=UUID, required=True)
        parser.add_argument("--by", required=True, help="username of a coordinator of the study")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import, and print what became of each examination."""
        study = Study.objects.filter(pk=options["study"]).first()
        by = User.objects.filter(username=options["by"]).first()
        if study is None or by is None:
            raise CommandError("There is no such study or user.")
        with tqdm(unit="case") as bar:

            def progress(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            try:
                outcomes = import_dataset(
                    study, layout=options["layout"], root=options["path"], by=by, progress=progress
                )
            except Problem as problem:
                raise CommandError(problem.detail) from None
        for each in outcomes:
            self.stdout.write(f"{each.what}: {each.words}")
