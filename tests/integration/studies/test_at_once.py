"""Several people at the same instant, on PostgreSQL with threads (C9, D5)."""

from collections import Counter
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import IntegrityError, connection

from readerstudy.accounts.models import User
from readerstudy.audit import selectors as audit
from readerstudy.audit import services as audit_services
from readerstudy.audit.models import Entry
from readerstudy.audit.services import record_view
from readerstudy.studies import integrity, services
from readerstudy.studies.allocation import Allocation, AllocationList
from readerstudy.studies.models import Case, ProtocolVersion, Reader, Study
from readerstudy.web.problems import Problem
from tests import cast, factories, kept
from tests.cast import PASSWORD

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Call all from threads that start together; answer results, or the refusals' codes."""
    barrier, answers = Barrier(len(calls)), [None] * len(calls)

    def run(place: int, call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            answers[place] = call()
        except (Problem, IntegrityError) as refused:
            answers[place] = getattr(refused, "code", repr(refused))
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    return answers


@pytest.mark.fault("D5")
def test_d5_of_twenty_locks_at_once_one_makes_the_allocation() -> None:
    people = cast.people()
    study = kept.draft_study(people)
    services.grant_role(study, user=people.ada, role="coordinator", by=people.cora)

    def lock(by: User) -> Callable[[], str]:
        mine = Study.objects.get(pk=study.pk)
        return lambda: services.lock(mine, password=PASSWORD, by=by).sha256

    answers = at_once([lock(people.cora), lock(people.ada)] * 10)
    assert Counter(answers)["studies.state"] == 19
    assert AllocationList.objects.count() == ProtocolVersion.objects.count() == 1
    rows = Allocation.objects.values_list("reader__code", "case__code", "arm__key")
    assert len(rows) == len(set(rows)) == 3 * (2 * 4 + 1)
    assert Entry.objects.filter(action="studies.lock").count() == 1
    assert integrity.check(study) == []


def test_an_edit_at_the_instant_of_the_lock_is_in_the_protocol_or_refused() -> None:
    people = cast.people()
    study = kept.draft_study(people)
    cora = people.cora

    def edit(seconds: int) -> Callable[[], str]:
        mine = Study.objects.get(pk=study.pk)
        return lambda: (
            services.describe(
                mine, name="Metastases", summary="", idle_limit_s=seconds, by=cora
            ).state
        )

    def lock() -> str:
        mine = Study.objects.get(pk=study.pk)
        return services.lock(mine, password=PASSWORD, by=cora).sha256

    at_once([edit(70), edit(80), lock, edit(90), edit(100)])
    assert integrity.check(study) == []


def test_readers_added_at_once_have_codes_of_their_own() -> None:
    people = cast.people()
    study = services.create_study(name="S", by=people.cora)
    users = [factories.user(site=people.north, experience="general") for _ in range(8)]
    at_once(
        [
            lambda user=user: services.add_reader(
                Study.objects.get(pk=study.pk), user=user, by=people.cora
            )
            for user in users
        ]
    )
    codes = sorted(Reader.objects.values_list("code", flat=True))
    assert codes == [f"R{number:02d}" for number in range(1, 9)]


def test_a4_roles_granted_at_once_never_unblind_a_reader() -> None:
    people = cast.people()
    study = services.create_study(name="S", by=people.cora)

    def fresh() -> Study:
        return Study.objects.get(pk=study.pk)

    rae, cora = people.rae, people.cora
    answers = at_once(
        [
            lambda: services.add_reader(fresh(), user=rae, by=cora),
            lambda: services.grant_role(fresh(), user=rae, role="truth_reader", by=cora),
        ]
    )
    assert answers.count("studies.role_conflict") == 1


def test_an_examination_taken_at_once_is_one_case() -> None:
    people = cast.people()
    study = services.create_study(name="S", by=people.cora)
    examination = factories.examination(study.collection)
    answers = at_once(
        [
            lambda: (
                services.add_case(
                    Study.objects.get(pk=study.pk), examination=examination, by=people.cora
                ).code
            )
        ]
        * 6
    )
    assert answers.count("studies.case_there") == 5
    assert Case.objects.count() == 1


@pytest.mark.fault("H2")
def test_h2_many_writers_leave_no_fork_in_a_chain() -> None:
    """Views of two chains, which no study's row makes queue: 200 entries from 20 writers."""
    people = cast.people()
    studies = [services.create_study(name=f"S{n}", by=people.cora) for n in range(2)]

    def write(study: Study) -> Callable[[], int]:
        def views() -> int:
            for number in range(10):
                record_view("test.view", subject=f"x:{number}", by=people.cora, study=study.pk)
            return 10

        return views

    answers = at_once([write(studies[number % 2]) for number in range(20)])
    assert answers == [10] * 20
    for study in studies:
        chain = Entry.objects.filter(chain=str(study.pk))
        assert list(chain.values_list("number", flat=True)) == list(range(1, 102))
    assert not [each for each in audit.verify() if each.tampering != "trigger off"]


@pytest.mark.fault("H2")
def test_h2_a_chain_without_its_queue_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail: without the lock, writers take the same number."""
    monkeypatch.setattr(audit_services, "_queue_on", lambda _chain: None)
    with pytest.raises(AssertionError):
        test_h2_many_writers_leave_no_fork_in_a_chain()
