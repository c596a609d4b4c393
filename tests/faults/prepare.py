"""Make the database of a fault test: the cast, and a running study. Run as a module."""

import django

django.setup()

from django.core.management import call_command  # noqa: E402 -- Django must be set up first

from readerstudy.studies.definition import DesignDraft  # noqa: E402
from tests import cast, factories  # noqa: E402

N_CASES = 40

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    parallel = DesignDraft(kind="parallel", strata=())
    study = factories.running_study(cast.people(), design=parallel, n_cases=N_CASES)
    print(study.pk)  # noqa: T201 -- its output is its answer
