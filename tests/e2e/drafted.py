"""What studies that tests make past the pages have in common; runs in the platform's shell."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from readerstudy.accounts.models import User
from readerstudy.demo import build
from readerstudy.imaging import services as imaging
from readerstudy.studies import services
from readerstudy.studies.models import Study


def coordinator() -> User:
    """Who makes them."""
    return User.objects.get(username="coordinator")


def take_in(
    study: Study, folder: Path, lesions: Iterable[Mapping[str, Any]], *, is_training: bool
) -> None:
    """Make a case of a folder, with a standard; `lesions` as in `demo.phantoms.truth_of`."""
    cora = coordinator()
    there = set(study.collection.examinations.values_list("id", flat=True))
    imaging.import_folder(folder, collection=study.collection, by=cora)
    found = study.collection.examinations.exclude(id__in=there).get()
    kind = "training" if is_training else "main"
    build.make_case(study, found, lesions, kind=kind, by=cora)


def missing(name: str) -> str:
    """What keeps a study from being locked, in words: what a worker is still making."""
    study = Study.objects.get(name=name)
    return " ".join(each.words for each in services.check(study, by=coordinator()))


def start(name: str) -> str:
    """Lock a study and open it for reading; answers its id."""
    return str(build.open_for_reading(Study.objects.get(name=name), by=coordinator()).pk)
