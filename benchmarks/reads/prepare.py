"""Make the database of the load benchmark: one study, many readers with a read open each.

Run as a module by `benchmarks.reads.load`; prints a line of JSON for each reader.
"""

import json
import sys
from typing import Any
from uuid import uuid4

import django

django.setup()

from django.conf import settings  # noqa: E402 -- Django must be set up first
from django.contrib.auth import hashers  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from readerstudy.accounts.models import User  # noqa: E402
from readerstudy.reads import services  # noqa: E402
from readerstudy.studies.definition import DesignDraft  # noqa: E402
from readerstudy.studies.models import Study  # noqa: E402
from tests import cast, factories  # noqa: E402


def main(readers: int) -> None:
    """Make users, study, sessions and open reads."""
    strong = settings.PASSWORD_HASHERS
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("migrate", verbosity=0)
    people = cast.people()
    users = tuple(
        factories.user(
            f"reader{number:04d}", site=people.north, experience="general", experience_years=5
        )
        for number in range(readers)
    )
    study = factories.running_study(
        people, design=DesignDraft(kind="parallel", strata=()), readers=users, n_training=1
    )
    settings.PASSWORD_HASHERS = strong
    kept: Any  # the stubs leave its cache out
    for kept in (hashers.get_hashers, hashers.get_hashers_by_algorithm):
        kept.cache_clear()
    User.objects.filter(pk__in=[each.pk for each in users]).update(
        password=hashers.make_password(cast.PASSWORD)
    )
    for user in users:
        print(json.dumps(opened(User.objects.get(pk=user.pk), study)))


def opened(user: User, study: Study) -> dict[str, object]:
    """A signed-in reader with a read open."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    tab = str(uuid4())
    display = {"width_px": 2560, "height_px": 1440, "pixel_ratio": 1.0, "webgl": True}
    session = services.start_session(study, display=display, by=user)
    read = services.open_next(study.pk, session_id=session.pk, tab=tab, by=user)
    series = str(read.case.examination.series.values_list("pk", flat=True)[0])
    return {
        "session": client.cookies[settings.SESSION_COOKIE_NAME].value, "read": str(read.pk),
        "tab": tab, "fence": read.lease_fence, "series": series,
    }  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]))
