"""`manage.py reseal_second_factors`: after a change of `SECRET_KEY`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from readerstudy.accounts import services
from readerstudy.accounts.sealing import SealedUnderAnotherSecretError


class Command(BaseCommand):
    """Seal the keys of all authenticator apps under the present secret; recorded."""

    help = "Seal the keys of authenticator apps under the present SECRET_KEY."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Do it."""
        try:
            n = services.reseal_second_factors()
        except SealedUnderAnotherSecretError:
            words = "A key opens under no secret: put the old one into SECRET_KEY_FALLBACKS."
            raise CommandError(words) from None
        self.stdout.write(f"{n} sealed anew; all are under the present SECRET_KEY now.")
