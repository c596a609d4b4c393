"""`manage.py verify_storage`: compare every stored file with its checksum."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from readerstudy.imaging import store
from readerstudy.imaging.models import Instance, Series


class Command(BaseCommand):
    """Check the store against the database."""

    help = "Compare every stored image file and pack with its checksum."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Name what is missing or altered; fail when anything is."""
        wrong = []
        instances = Instance.objects.select_related("series__examination")
        for instance in tqdm(instances.iterator(), total=instances.count(), unit="file"):
            path = store.path_of(instance)
            if not path.exists() or store.sha256(path) != instance.sha256:
                wrong.append(f"instance {instance.pk}")
        for series in Series.objects.exclude(pack_sha256="").select_related("examination"):
            path = store.pack_path(series)
            if not path.exists() or store.sha256(path) != series.pack_sha256:
                wrong.append(f"pack of series {series.pk}")
        if wrong:
            raise CommandError(f"Missing or altered: {', '.join(wrong)}")
        self.stdout.write("Every stored file matches its checksum.")
