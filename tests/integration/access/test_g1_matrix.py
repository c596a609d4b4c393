"""Requirement A5, fault G1: every address x method x role against a table that people reviewed.

The table is made from the URL configuration: an address that is new, gone, or answers somebody
otherwise fails here. After a change, write it with

    ACCESS_TABLE=write python -m pytest tests/integration/access

and read every line that differs as if it were code: 2xx, 400 and 409 mean "let in", a plus means
that something was changed (an entry in the record).
"""

import json
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.urls import get_resolver

from readerstudy.accounts import services as accounts
from readerstudy.accounts.models import User
from readerstudy.audit.models import Entry
from readerstudy.proposals import services as proposals
from readerstudy.proposals.models import Run
from readerstudy.proposals.selectors import default_detector
from readerstudy.reads.disclosure import MEANING
from readerstudy.studies import services as studies
from readerstudy.studies.models import Study
from tests import factories, kept
from tests.cast import PASSWORD, People
from tests.integration.reads.conftest import sit
from tests.integration.studies.test_c3_concealment import PARAMETER, client_of, patterns
from tests.lock_order import undone
from tests.scripted import DISPLAY, Tab

Statuses = list[str | None]
Matrix = dict[tuple[str, str], Statuses]
TABLE = Path(__file__).with_name("matrix.txt")
# Who asks, of a study of Cora's in which Rae has a read open.
ROLES = (
    "anonymous", "owner", "other_reader", "other_study_reader", "coordinator",
    "other_coordinator", "statistician", "truth_reader", "site_lead", "administrator",
    "deactivated",
)  # fmt: skip
EVERYBODY, SOME = ("GET", "POST"), ("PUT", "DELETE")
METHODS = (*EVERYBODY, *SOME)
ASKED_FOR_SOME = ("anonymous", "owner", "coordinator", "administrator")
LET_IN = {"200", "201", "204", "206", "301", "400", "409", "415", "422"}
STRANGERS = ("anonymous", "other_study_reader", "other_coordinator", "deactivated")


def clients(people: People, study: Study) -> dict[str, Client]:
    """A signed-in browser for each role; who is deactivated signed in before."""
    former = factories.user("former", experience="general", experience_years=5, site=people.north)
    lead = factories.user("lead", site=people.north)
    for user, role in ((people.tess, "truth_reader"), (lead, "site_lead")):
        studies.grant_role(study, user=user, role=role, by=people.cora)
    who: dict[str, User | None] = {
        "anonymous": None,
        "owner": people.rae,
        "other_reader": people.gus,
        "other_study_reader": people.max,
        "coordinator": people.cora,
        "other_coordinator": people.mallory,
        "statistician": people.stan,
        "truth_reader": people.tess,
        "site_lead": lead,
        "administrator": people.ada,
        "deactivated": former,
    }
    made = {role: client_of(user) for role, user in who.items()}
    accounts.deactivate(former, reason="left", by=people.ada)
    return made


def filled(study: Study, packet: dict[str, Any]) -> dict[str, Any]:
    """The ids of Rae's read, her case, a run that was set aside and the study, for addresses."""
    case, reader = study.cases.first(), study.readers.get(user__username="rae")
    assert case is not None
    aside = proposals.request(case.examination, detector="aside@1")
    Run.objects.filter(pk=aside.pk).update(state=Run.State.QUARANTINED)
    return {
        "run_id": aside.pk, "detector": default_detector(),
        "study_id": study.pk, "case_id": case.pk, "reader_id": reader.pk,
        "collection_id": study.collection_id, "read_id": packet["read"]["id"],
        "examination_id": case.examination_id,
    }  # fmt: skip


def bodies(tab: Tab) -> dict[str, dict[str, Any]]:
    """What a browser would send, so that who is refused is refused for who they are."""
    mine = {"tab": tab.tab, "fence": tab.fence}
    signing = {"last_seq": 0, "password": PASSWORD, "meaning": MEANING}
    return {
        "events": {**mine, "events": []},
        "late-events": {**mine, "events": [], "late_key": tab.packet["read"]["late_key"]},
        "take-over": {"tab": str(uuid4())},
        "submit": {**mine, **signing},
        "problem": {"words": "a slice is missing"},
        "sessions": {"display": DISPLAY},
        "reads": {"tab": tab.tab, "session_id": None},
    }


def entries() -> int:
    """How many the record has, asked plainly: thousands of times."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {Entry._meta.db_table}")
        return int(cursor.fetchone()[0])


@dataclass
class Asking:
    """Sends each request as it would come, and takes back whatever it changed."""

    bodies: dict[str, dict[str, Any]]
    query: str

    def answer(self, client: Client, method: str, address: str) -> str:
        """The status that a request is answered with; with a plus where it changed something."""
        as_json = address.startswith("/api/")
        kind = "application/json" if as_json else "application/x-www-form-urlencoded"
        body = self.bodies.get(address.rsplit("/", 1)[-1], {}) if as_json else ""
        cookies = client.cookies.output()
        before = entries()
        with undone():
            answer = client.generic(
                method, address + self.query, json.dumps(body) if as_json else "", kind,
                headers={"Idempotency-Key": "k"},
            )  # fmt: skip
            changed = entries() > before
        if client.cookies.output() != cookies:  # signed out: not for the next address
            client.cookies.load("")
            client.cookies.clear()
            client.cookies.load("; ".join(re.findall(r"Set-Cookie: ([^;]+)", cookies)))
        return f"{answer.status_code}{'+' if changed else ' '}"


@pytest.fixture
def matrix(people: People) -> Iterator[Matrix]:
    """Every address and method: a status for each role."""
    logging.disable(logging.ERROR)  # thousands of refusals
    study = kept.running_study(people)
    factories.other_study(people)
    tab = sit(people.rae, study)
    values = filled(study, tab.open())
    browsers = clients(people, study)
    asking = Asking(bodies(tab), f"?tab={tab.tab}")
    found: Matrix = {}
    for pattern in sorted(set(patterns(get_resolver()))):
        address = PARAMETER.sub(lambda match: str(values.get(match[1], uuid4())), pattern)
        for method in METHODS:
            asked = ROLES if method in EVERYBODY else ASKED_FOR_SOME
            found[method, pattern] = [
                asking.answer(browsers[role], method, address) if role in asked else None
                for role in ROLES
            ]
    yield found
    logging.disable(logging.NOTSET)


def written(matrix: Matrix) -> str:
    """The table as text: methods whose answers are the same share a line."""
    lines = ["  ".join(ROLES)]
    for pattern in sorted({pattern for _, pattern in matrix}):
        lines.append(pattern)
        rows: dict[tuple[str | None, ...], list[str]] = {}
        for method in METHODS:
            rows.setdefault(tuple(matrix[method, pattern]), []).append(method)
        lines += [
            f"  {' '.join(each or ' -  ' for each in statuses)}  {' '.join(methods)}"
            for statuses, methods in rows.items()
        ]
    return "\n".join(lines) + "\n"


@pytest.mark.once
@pytest.mark.fault("G1")
def test_a5_every_address_answers_each_role_as_the_reviewed_table_says(
    matrix: Matrix,
) -> None:
    made = written(matrix)
    if os.environ.get("ACCESS_TABLE") == "write":
        TABLE.write_text(made, encoding="utf-8")
    assert made.splitlines() == TABLE.read_text(encoding="utf-8").splitlines()
    assert not [each for each, statuses in matrix.items() if max(filter(None, statuses)) >= "500"]
    for (method, pattern), statuses in matrix.items():
        if "study_id" in pattern or "read_id" in pattern or "collection_id" in pattern:
            got = [statuses[ROLES.index(role)] or "" for role in STRANGERS]
            assert not {each[:3] for each in got} & LET_IN, (method, pattern, got)
            assert "+" not in "".join(got), (method, pattern, got)
