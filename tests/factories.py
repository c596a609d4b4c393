"""Make what tests need, by the same services that people use.

Only images (rows of `imaging` without files), reference standards and the proposals' state are
written as rows, because their own services work on real pixels: tests of those apps use those.
"""

import hashlib
import itertools
from datetime import UTC, datetime
from typing import Any

from readerstudy.accounts import services as accounts
from readerstudy.accounts.models import Site, User
from readerstudy.imaging.models import Collection, Examination, Series, SeriesRole, Verdict
from readerstudy.studies import plan, services
from readerstudy.studies.definition import ArmDraft, DesignDraft, brain_metastasis_questions
from readerstudy.studies.models import Case, Study
from readerstudy.truth.models import ReferenceStandard, TruthLesion
from tests.cast import PASSWORD, People

LONG_AGO = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
DETECTOR = "lesion-net@1.0"
CONTROL = ArmDraft(key="A", name="Unaided", mode="control")
AIDED = ArmDraft(key="B", name="With AI", mode="concurrent", detector=DETECTOR)
SECOND_READER = ArmDraft(key="B", name="AI second", mode="second_reader", detector=DETECTOR)
GEOMETRY: dict[str, Any] = {
    "rows": 4,
    "columns": 4,
    "frames": 2,
    "row_cosine": [1, 0, 0],
    "column_cosine": [0, 1, 0],
    "positions_mm": [[0, 0, 0], [0, 0, 1]],
    "pixel_spacing_mm": [1, 1],
    "spacing_mm": 1.0,
    "slice_thickness_mm": 1.0,
    "frame_of_reference": "2.25.1",
    "dtype": "uint16",
    "rescale": [1, 0],
    "photometric": "MONOCHROME2",
    "window": [500, 1000],
    "presets": {},
}
_numbers = itertools.count(1)


def user(username: str = "", **fields: Any) -> User:
    """A user; a reader's fields as in `accounts.services.create_user`."""
    username = username or f"user{next(_numbers)}"
    return accounts.create_user(username=username, password=PASSWORD, by=None, **fields)


def examination(
    collection: Collection, *, roles: tuple[str, ...] = ("t1c", "flair"), patient: str = ""
) -> Examination:
    """An examination that is ready to be shown: rows only, no files."""
    number = next(_numbers)
    made = Examination.objects.create(
        collection=collection,
        study_uid=f"2.25.{number}",
        patient=patient or f"P{number:06d}",
        verdict=Verdict.PASS,
        ready_at=LONG_AGO,
        created_at=LONG_AGO,
    )
    Series.objects.bulk_create(
        Series(
            examination=made,
            series_uid=f"2.25.{number}.{place}",
            frame_of_reference_uid="2.25.1",
            dicom_modality="MR",
            role=SeriesRole(role),
            description=role.upper(),
            number=place,
            geometry=GEOMETRY,
            pack_sha256=hashlib.sha256(f"{number} {role}".encode()).hexdigest(),
            pack_bytes=64,
            created_at=LONG_AGO,
        )
        for place, role in enumerate(roles, start=1)
    )
    return made


def prior(case: Case, *, by: User) -> Examination:
    """An earlier examination of a draft's case's patient, shown beside it."""
    made = examination(case.study.collection, patient=case.examination.patient)
    services.set_prior(case, examination=made, by=by)
    return made


def standard(case: Case, *, diseased: bool, by: User) -> ReferenceStandard:
    """A case's reference standard: one 8 mm lesion, or none."""
    made = ReferenceStandard.objects.create(
        case=case,
        status="diseased" if diseased else "non_diseased",
        source="made for the test",
        set_by=by,
        set_at=LONG_AGO,
    )
    if diseased:
        TruthLesion.objects.create(
            standard=made, number=1, x_mm=1, y_mm=1, z_mm=0, diameter_mm=8, weight=1
        )
    return made


def cases(
    study: Study,
    *,
    number: int,
    by: User,
    kind: str = Case.Kind.MAIN,
    with_proposals: bool = False,
) -> list[Case]:
    """Cases with a reference standard, diseased in turn, declared without proposals by default."""
    made = services.add_cases(
        study,
        examinations=[examination(study.collection) for _ in range(number)],
        kind=kind,
        by=by,
    )
    for place, case in enumerate(made):
        standard(case, diseased=place % 2 == 0, by=by)
    if not with_proposals:
        for case in made:
            services.declare_without_proposals(case, reason="a test without a detector", by=by)
    return made


def draft_study(
    people: People,
    *,
    name: str = "Metastases",
    design: DesignDraft | None = None,
    arms: tuple[ArmDraft, ...] = (CONTROL, AIDED),
    n_cases: int = 4,
    n_training: int = 1,
    readers: tuple[User, ...] | None = None,
    with_proposals: bool = False,
) -> Study:
    """Cora's study with everything a lock needs: questions, arms, design, plan, cases, readers."""
    cora = people.cora
    study = services.create_study(name=name, by=cora)
    services.grant_role(study, user=people.stan, role="statistician", by=cora)
    services.set_questions(study, questions=brain_metastasis_questions(), by=cora)
    services.set_arms(study, arms=arms, by=cora)
    services.set_design(study, design=design or DesignDraft(), by=cora)
    services.set_analysis_plan(study, plan=plan.default(), by=cora)
    cases(study, number=n_cases, by=cora, with_proposals=with_proposals)
    if n_training:
        cases(study, number=n_training, by=cora, kind="training", with_proposals=with_proposals)
    for reader in people.readers if readers is None else readers:
        services.add_reader(study, user=reader, by=cora)
    return Study.objects.get(pk=study.pk)


def locked_study(people: People, **options: Any) -> Study:
    """A draft study, locked."""
    study = draft_study(people, **options)
    services.lock(study, password=PASSWORD, by=people.cora)
    return Study.objects.get(pk=study.pk)


def running_study(people: People, **options: Any) -> Study:
    """A locked study, started: Rae, Gus and Nora can read."""
    return services.start(locked_study(people, **options), by=people.cora)


def other_study(people: People) -> Study:
    """Mallory's own study, in which Max reads: nobody else may know of it."""
    study = services.create_study(name="Elsewhere", by=people.mallory)
    services.add_reader(study, user=people.max, by=people.mallory)
    return study


def site(name: str = "") -> Site:
    """A site."""
    return accounts.create_site(name=name or f"Site {next(_numbers)}", by=None)
