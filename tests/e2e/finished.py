"""The simulated readers of a study read all of it; runs in the platform's shell."""

from django.utils import timezone

from readerstudy.demo.clock import Clock
from readerstudy.demo.reading import SimulatedReader
from readerstudy.studies.models import Study
from tests.e2e.making import SIMULATED

SEED = 7


def read_all(study_id: str) -> int:
    """Both periods, with the washout between them on a clock of their own; answers how many reads.

    Who read in the browser stays in the first period: their reads are missing from the second.
    """
    study = Study.objects.get(pk=study_id)
    done: list[None] = []
    for user in (each.user for each in study.readers.filter(user__username__in=SIMULATED)):
        clock = Clock(timezone.now())
        with clock.running():
            SimulatedReader(study, user, clock, SEED).read_all(lambda: done.append(None))
    return len(done)
