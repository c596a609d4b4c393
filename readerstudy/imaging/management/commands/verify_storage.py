"""`manage.py verify_storage`: compare every stored file with its checksum."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from readerstudy.imaging import objects, selectors, store
from readerstudy.imaging.models import Instance, Series

DAY = 24 * 3600.0


class Command(BaseCommand):
    """Check the store against the database."""

    help = "Compare every stored image file, pack, metadata and thumbnail with its checksum."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to do with files that no row names."""
        parser.add_argument(
            "--wipe-leftovers",
            action="store_true",
            help="remove files that no row names and that are older than a day",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Name what is missing or altered, and what no row names; fail when anything is wrong."""
        instances = Instance.objects.select_related("series__examination")
        bar = tqdm(instances.iterator(), total=instances.count(), unit="file")
        wrong = [
            f"instance {each.pk}"
            for each in bar
            if objects.checksum(store.place_of(each)) != each.sha256
        ]
        for each in Series.objects.exclude(pack_sha256="").select_related("examination"):
            wrong += self._wrong(each)
        wrong += [
            f"compressed pack of series {each.pk}" for each in selectors.damaged_compressed_series()
        ]
        self._leftovers(is_wiped=options["wipe_leftovers"])
        if wrong:
            raise CommandError(f"Missing or altered: {', '.join(wrong)}")
        self.stdout.write("Every stored file matches its checksum.")

    def _wrong(self, series: Series) -> list[str]:
        """What of a packed series is not what its row says: the pack, and what lies beside it."""
        made = {
            "pack": (store.pack_place(series), series.pack_sha256),
            "metadata": (store.metadata_path(series), series.metadata_sha256),
            "thumbnail": (store.thumbnail_path(series), series.thumbnail_sha256),
        }
        found = {what: objects.checksum(path) for what, (path, _sha256) in made.items()}
        # A worker of the release before packed it while the platform was updated: summed now.
        for what in ("metadata", "thumbnail"):
            if not made[what][1] and found[what]:
                Series.objects.filter(pk=series.pk, **{f"{what}_sha256": ""}).update(
                    **{f"{what}_sha256": found[what]}
                )
                made[what] = made[what][0], found[what]
        return [
            f"{what} of series {series.pk}"
            for what, (_path, sha256) in made.items()
            if not found[what] or found[what] != sha256
        ]

    def _leftovers(self, *, is_wiped: bool) -> None:
        """Say how many files were left by who was killed between a file and its row."""
        found = list(store.leftovers(before=time.time() - DAY))
        for path in found if is_wiped else ():
            objects.remove(path)
        if found:
            done = "removed" if is_wiped else "left; --wipe-leftovers removes them"
            self.stdout.write(f"{len(found)} files that no row names: {done}.")
