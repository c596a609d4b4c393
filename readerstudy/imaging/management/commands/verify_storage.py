"""`manage.py verify_storage`: compare every stored file with its checksum."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from readerstudy.imaging import objects, store
from readerstudy.imaging.models import Instance, Series


class Command(BaseCommand):
    """Check the store against the database."""

    help = "Compare every stored image file and pack with its checksum."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Name what is missing or altered; fail when anything is."""
        instances = Instance.objects.select_related("series__examination")
        bar = tqdm(instances.iterator(), total=instances.count(), unit="file")
        wrong = [
            f"instance {each.pk}"
            for each in bar
            if objects.checksum(store.place_of(each)) != each.sha256
        ]
        wrong += [
            f"pack of series {each.pk}"
            for each in Series.objects.exclude(pack_sha256="").select_related("examination")
            if objects.checksum(store.pack_place(each)) != each.pack_sha256
        ]
        if wrong:
            raise CommandError(f"Missing or altered: {', '.join(wrong)}")
        self.stdout.write("Every stored file matches its checksum.")
