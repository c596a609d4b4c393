"""Freeze a closed study: the data set, whole, hashed, never changed again."""

from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from readerstudy.audit import chain
from readerstudy.audit import selectors as audit
from readerstudy.audit.services import canonical, record
from readerstudy.results import selectors, store
from readerstudy.results.freeze import gather
from readerstudy.results.models import Freeze
from readerstudy.results.tables import Table, data_dictionary
from readerstudy.studies.models import Study
from readerstudy.studies.services import move
from readerstudy.web.problems import Problem

if TYPE_CHECKING:
    from readerstudy.accounts.models import User


@transaction.atomic
def freeze(study: Study, *, by: "User") -> Freeze:
    """Gather, hash and keep the study's data; the study is frozen from now on.

    Raises
    ------
    Problem
        404 or 403 for who may not, 409 when the study is not closed or has no submitted read.
    """
    study = move(study, "freeze", by=by)
    tables = gather(study)
    counts = {each.name: len(each.rows) for each in tables}
    if not counts["reads"]:
        raise Problem("results.no_reads", "No read is submitted, so there is nothing to freeze.")
    frozen = Freeze(id=uuid4(), study=study, counts=counts, by=by, at=timezone.now())
    frozen.sha256 = store.write(store.freeze_folder(frozen.id), _files(study, tables))
    frozen.save(force_insert=True)
    record(
        "results.freeze",
        subject=f"freeze:{frozen.id}",
        by=by,
        study=study.id,
        detail={"sha256": frozen.sha256, "counts": counts},
    )
    return frozen


def _files(study: Study, tables: list[Table]) -> dict[str, bytes]:
    files = {f"{each.name}.csv": each.csv() for each in tables}
    for version in study.protocol_versions.all():
        files[f"protocol-{version.number}.json"] = canonical(version.document)
    lines = (chain.to_line(link) for link in audit.links(study.id))
    files["audit.jsonl"] = "".join(lines).encode()  # `manage.py verify_audit --lines`
    files["plan.json"] = canonical(selectors.plan_of(study))
    files["data_dictionary.md"] = data_dictionary(tables)
    return files
