"""A token of images ends with what it was handed out for: the read, the reader, the account."""

from typing import Any

import pytest
from django.test import Client

from readerstudy.accounts import services as accounts
from readerstudy.imaging import grants, tokens
from readerstudy.imaging.models import EndedGrant
from readerstudy.reads import services
from readerstudy.reads.models import Read
from readerstudy.studies import services as studies
from readerstudy.studies.models import Study
from readerstudy.web.problems import Unknown
from tests import factories
from tests.cast import People
from tests.integration.reads import worlds
from tests.integration.reads.conftest import Sits, running, sit
from tests.scripted import Refused, Tab

pytestmark = pytest.mark.django_db


def opens(token: str) -> bool:
    """Whether a token opens anything, by its check and by DICOMweb."""
    try:
        is_open = bool(grants.read(token))
    except Unknown:
        is_open = False
    status = Client().get(f"/dicomweb/{token}/studies").status_code
    assert (status == 200) == is_open
    return is_open


def ahead(tab: Tab) -> str:
    """The token of the next case's images, fetched ahead."""
    return str(tab.call("GET", f"/api/reads/{tab.read_id}/next-images")["token"])


@pytest.fixture
def tab(study: Study, sits: Sits) -> Tab:
    """A reader at their first case after training."""
    tab = sits(worlds.control_first(study))
    while tab.open()["read"]["is_training"]:
        tab.read_and_sign()
        tab = tab.next_tab()
    return tab


def test_f9_a_signed_reads_tokens_open_nothing_the_next_ones_do(tab: Tab) -> None:
    first, again, following = tab.packet["token"], tab.reload()["token"], ahead(tab)
    assert [opens(each) for each in (first, again, following)] == [True, True, True]
    tab.read_and_sign()
    assert [opens(each) for each in (first, again, following)] == [False, False, True]
    after = tab.next_tab()
    assert opens(after.open()["token"])
    after.read_and_sign()
    assert not opens(following)


def test_a_signature_that_is_refused_ends_nothing(tab: Tab) -> None:
    with pytest.raises(Refused):
        tab.sign()  # no answers yet
    tab.read_case()
    with pytest.raises(Refused):
        tab.sign(password="not mine")
    assert opens(tab.packet["token"])


def test_a_training_cases_images_stay_for_the_feedback(study: Study, sits: Sits) -> None:
    tab = sits(worlds.control_first(study))
    packet = tab.open()
    assert packet["read"]["is_training"]
    assert tab.read_and_sign()["feedback"]
    assert opens(packet["token"])


def test_a_second_reader_keeps_the_images_until_the_second_signature(people: People) -> None:
    study = running(people, arms=(factories.CONTROL, factories.SECOND_READER))
    user = worlds.aided_first(study)
    tab = sit(user, study)
    while tab.open()["read"]["is_training"] or tab.packet["read"]["stage"] != "unaided":
        tab.read_and_sign()
        tab = sit(user, study)
    unaided = tab.packet["token"]
    tab.read_and_sign()
    assert opens(unaided)
    aided = sit(user, study)
    assert aided.open()["read"]["stage"] == "aided"
    aided.read_and_sign()
    assert not opens(unaided)
    assert not opens(aided.packet["token"])


@pytest.mark.parametrize("what", ["void", "reader", "case"])
def test_d3_what_is_taken_from_a_reader_is_closed_at_once(
    tab: Tab, people: People, what: str
) -> None:
    read = Read.objects.select_related("reader", "case").get(pk=tab.read_id)
    mine, following = tab.packet["token"], ahead(tab)
    if what == "void":
        services.void(read.pk, reason="the wrong case", by=people.cora)
    elif what == "reader":
        studies.withdraw_reader(read.reader, reason="left", by=people.cora)
    else:
        studies.withdraw_case(read.case, reason="consent withdrawn", by=people.cora)
    assert not opens(mine)
    assert opens(following) == (what != "reader")


def test_d3_a_case_that_was_fetched_ahead_is_closed_with_its_withdrawal(
    tab: Tab, people: People
) -> None:
    following = ahead(tab)
    named = grants.read(following)
    study = Read.objects.get(pk=tab.read_id).reader.study
    case = next(
        each
        for each in study.cases.all()
        if named >= set(each.examination.series.values_list("pk", flat=True))
    )
    studies.withdraw_case(case, reason="consent withdrawn", by=people.cora)
    assert not opens(following)
    assert opens(tab.packet["token"])


def test_a_deactivated_accounts_tokens_open_nothing_new_ones_do(
    tab: Tab, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Read.objects.get(pk=tab.read_id).reader
    mine, following = tab.packet["token"], ahead(tab)
    accounts.deactivate(reader.user, reason="left the hospital", by=people.ada)
    assert [opens(mine), opens(following)] == [False, False]
    accounts.reactivate(reader.user, reason="is back", by=people.ada)
    assert not opens(mine)
    later = tokens.time.time() + 2
    monkeypatch.setattr(tokens.signing.time, "time", lambda: later)
    assert opens(sit(reader.user, reader.study).open()["token"])


def test_what_a_grant_is_named_tells_no_allocation(tab: Tab) -> None:
    read = Read.objects.get(pk=tab.read_id)
    grant = tokens.opened(tab.packet["token"]).grant
    assert grant is not None
    assert grant not in {read.pk, read.allocation_id, read.case_id, read.arm_id}
    other: Any = tokens.opened(ahead(tab)).grant
    assert grant != other
    assert not EndedGrant.objects.filter(pk__in=[grant, other]).exists()
