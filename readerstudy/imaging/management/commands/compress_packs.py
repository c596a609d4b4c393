"""`manage.py compress_packs`: compress now what the workers would compress in their time."""

from argparse import ArgumentParser
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from readerstudy.imaging import selectors
from readerstudy.imaging.services import compress


class Command(BaseCommand):
    """Write the compressed packs that are missing: of images of an older release, say."""

    help = "Compress packs for slow lines, all that are not compressed yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whether damaged ones are made anew."""
        parser.add_argument(
            "--again",
            action="store_true",
            help="make those anew, too, that are missing or altered (as verify_storage says)",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Compress, with a progress bar; say how much shorter they became."""
        raw = short = count = 0
        damaged = selectors.damaged_compressed_series() if options["again"] else ()
        for series in tqdm(chain(selectors.uncompressed(), damaged), unit="series"):
            if compress(series):
                count += 1
                raw, short = raw + series.pack_bytes, short + series.compressed_bytes
        self.stdout.write(
            f"{count} series compressed, {raw / 1e6:.1f} to {short / 1e6:.1f} MB; "
            f"{selectors.uncompressed().count()} could not be read."
        )
