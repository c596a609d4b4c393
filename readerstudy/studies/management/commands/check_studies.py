"""`manage.py check_studies`: is every study what was locked? (A3). Run at every start."""

from typing import Any

from django.core.management.base import BaseCommand

from readerstudy.studies import integrity, lifecycle
from readerstudy.studies.models import Study
from readerstudy.studies.services import halt


class Command(BaseCommand):
    """Check the studies that are served, and stop serving those that differ."""

    help = "Check allocations and protocols against their hashes; stop serving what differs."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Check each study that is locked and not closed."""
        served = Study.objects.filter(state__in=lifecycle.EDITS["halt"])
        stopped = 0
        for study in served:
            found = integrity.check(study)
            if found and not study.halted_reason:
                halt(study, reason=" ".join(found), by=None)
            stopped += bool(found or study.halted_reason)
            for words in found:
                self.stderr.write(f"{study.name}: {words}")
        self.stdout.write(f"{len(served)} studies checked, {stopped} not served.")
