"""Fill the platform that the viewer's benchmarks read on: run by `manage.py shell`.

Two running studies with an AI arm: *speed*, cases of four series as large as a scanner's, and
*memory*, many small ones. The first examination of each went through the intake; the others are
rows of their own over the same files. Prints one line of JSON.
"""

import json
import os
import sys
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.test import Client
from django.utils import timezone

from benchmarks.imaging.scans import source
from readerstudy.accounts import services as accounts
from readerstudy.accounts.models import User
from readerstudy.imaging import services as imaging
from readerstudy.imaging import store
from readerstudy.imaging.models import Examination, Series
from readerstudy.reads import selectors
from readerstudy.studies import services
from readerstudy.studies.definition import DesignDraft
from readerstudy.studies.models import Reader, Study
from tests import cast, factories, proposing

LESIONS = ((100.0, 120.0, 70.0), (140.0, 90.0, 80.0), (120.0, 150.0, 95.0))


def imported(study: Study, folder: Path, slices: int, size: int) -> Examination:
    """An examination through the intake."""
    folder.mkdir(parents=True)
    imaging.import_folder(source(folder, slices, size), collection=study.collection, by=None)
    imaging.compress_due(seconds=float("inf"))
    return Examination.objects.get(collection=study.collection)


def copied(first: Examination) -> Examination:
    """Another examination with rows of its own over the same files."""
    now, uid = timezone.now(), f"2.25.{uuid4().int}"
    made = Examination.objects.create(
        collection=first.collection, study_uid=uid, patient=f"P{uuid4().hex[:11]}",
        verdict=first.verdict, ready_at=now, created_at=now,
    )  # fmt: skip
    for number, series in enumerate(first.series.all(), start=1):
        files = [store.pack_path(series), store.compressed_place(series)]
        copy = Series.objects.get(pk=series.pk)
        copy.pk, copy.examination, copy.series_uid = uuid4(), made, f"{uid}.{number}"
        copy.save(force_insert=True)
        target = store.folder_of(copy)
        target.mkdir(parents=True)
        for each in files:
            (target / each.name).hardlink_to(each)
    return made


def study_of(people: cast.People, name: str, readers: tuple[User, ...]) -> Study:
    """A draft that lacks its cases only."""
    return factories.draft_study(
        people, name=name, n_cases=0, n_training=0, readers=readers,
        design=DesignDraft(kind="parallel", strata=()),
    )  # fmt: skip


def run(study: Study, people: cast.People, examinations: list[Examination]) -> Study:
    """With its cases, the last one for training, each with proposals, locked and started."""
    lesions = [proposing.found(centroid_mm=place, contours_mm=_ring(place)) for place in LESIONS]
    *main, training = examinations
    cases = services.add_cases(study, examinations=main, kind="main", by=people.cora)
    cases += services.add_cases(study, examinations=[training], kind="training", by=people.cora)
    for number, case in enumerate(cases):
        factories.standard(case, diseased=number % 2 == 0, by=people.cora)
        proposing.propose(case.examination, *lesions)
    services.lock(study, password=cast.PASSWORD, by=people.cora)
    return services.start(Study.objects.get(pk=study.pk), by=people.cora)


def _ring(centre: tuple[float, float, float]) -> list[list[list[float]]]:
    """Contours of an 8 mm cube, one a millimetre: what a proposal draws in each slice."""
    x, y, z = centre
    corners = ((-4, -4), (4, -4), (4, 4), (-4, 4))
    return [[[x + a, y + b, z + step] for a, b in corners] for step in range(-4, 5)]


def reader(prefix: str, number: int, people: cast.People) -> User:
    """A reader who has taken the tour."""
    user = factories.user(
        f"{prefix}{number:02d}", site=people.north, experience="general", experience_years=5
    )
    return accounts.set_reading_room(user, keys={}, tour_seen=True, by=user)


def opened(study: Study) -> list[dict[str, str]]:
    """The readers of the AI arm, each signed in."""
    found = []
    for each in Reader.objects.filter(study=study).select_related("user"):
        step, _ = selectors.next_step(each)
        if step is None or step.arm.mode == "control":
            continue
        client = Client()
        client.force_login(each.user, backend="django.contrib.auth.backends.ModelBackend")
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        found.append({"id": str(each.user.pk), "session": cookie})
    return found


def main() -> None:
    """Import, make the studies, say what there is."""
    wanted = json.loads(os.environ["BENCH_WANTED"])
    folder, people = Path(os.environ["BENCH_SOURCE"]), cast.people()
    told = {}
    for name, (cases, readers, slices, size) in wanted.items():
        users = tuple(reader(name, number, people) for number in range(readers))
        study = study_of(people, name, users)
        first = imported(study, folder / name, slices, size)
        others = [copied(first) for _ in range(cases - 1)]
        running = run(study, people, [first, *others])
        _, key = imaging.add_sender(
            study.collection, name=name, calling_ae_title="", called_ae_title="",
            may_read=True, by=None,
        )  # fmt: skip
        told[name] = {
            "study": str(running.pk), "readers": opened(running), "key": key,
            "study_uid": first.study_uid, "collection": str(study.collection_id),
        }  # fmt: skip
    sys.stdout.write("\n" + json.dumps(told) + "\n")


main()
