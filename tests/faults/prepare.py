"""Make the database of a fault test: the cast, and a running study. Run as a module.

Arguments: how many readers more than the cast's three (`reader1` ...), how many cases.
"""

import sys

import django

django.setup()

from django.conf import settings  # noqa: E402 -- Django must be set up first
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from readerstudy.studies.definition import DesignDraft  # noqa: E402
from tests import cast, factories, templates  # noqa: E402

if __name__ == "__main__":
    more, n_cases = map(int, sys.argv[1:])
    if connection.vendor == "sqlite":
        templates.copied(templates.migrated(), settings.DATABASES["default"]["NAME"]).close()
    call_command("migrate", verbosity=0)
    people = cast.people()
    extra = [
        factories.user(f"reader{number + 1}", site=people.north, experience="general",
                       experience_years=5)
        for number in range(more)
    ]  # fmt: skip
    study = factories.running_study(
        people,
        design=DesignDraft(kind="parallel", strata=()),
        n_cases=n_cases,
        readers=(*people.readers, *extra),
    )
    print(study.pk)  # noqa: T201 -- its output is its answer
