"""What is sent to whom: asked afterwards (H6), cleared (F9), never by a side door (F5, F7, F12)."""

import csv
import re
from dataclasses import asdict
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from readerstudy.audit.models import Entry
from readerstudy.proposals.lesions import ProposedLesion
from readerstudy.reads import disclosure, packing, triggers, urls, views
from readerstudy.reads.api import ReaderView
from readerstudy.reads.models import Answer, Batch, Mark, Read
from readerstudy.studies.models import Study
from tests.cast import PASSWORD, People
from tests.integration.reads import worlds
from tests.integration.reads.conftest import Sits
from tests.integration.reads.test_blinding import HIDDEN
from tests.integration.reads.test_operations import DAY_0, at, finish_period
from tests.scripted import Refused


@pytest.mark.fault("H6")
def test_h6_who_saw_a_proposal_before_a_time_is_what_the_readers_browsers_were_sent(
    people: People, study: Study, sits: Sits, django_assert_num_queries: Any
) -> None:
    sent: dict[str, list[tuple[datetime, str]]] = {}
    moment = DAY_0
    for _ in range(3):
        for user in people.readers:
            moment += timedelta(minutes=5)
            with at(moment):
                tab = sits(user)
                packet = tab.open()
                for each in packet.get("ai", {}).get("proposals", []):
                    sent.setdefault(each["id"], []).append((moment, tab.read_id))
                tab.read_case()
                tab.sign()
    assert len(sent) > 1
    for proposal, shown in sent.items():
        for before in (DAY_0, shown[0][0], shown[-1][0] + timedelta(seconds=1), moment):
            with django_assert_num_queries(1):
                found = disclosure.seen_by(proposal, before=before)
                told = [(read.opened_at, str(read.pk)) for read in found]
            assert told == [each for each in shown if each[0] < before]


@pytest.mark.fault("H6")
def test_h6_asking_who_saw_is_itself_recorded(study: Study, sits: Sits) -> None:
    user = worlds.aided_first(study)
    sits(user).read_and_sign()
    (proposal,) = sits(user).open()["ai"]["proposals"]
    out = StringIO()
    call_command("who_saw", proposal["id"], stdout=out)
    header, row = csv.reader(StringIO(out.getvalue()))
    assert header[1] == "reader"
    assert row[1] == Read.objects.get(reader__user=user, state="opened").reader.code
    assert Entry.objects.filter(action="reads.who_saw").count() == 1


@pytest.mark.fault("F9")
def test_f9_a_browser_forgets_the_other_arms_cases_when_the_arm_changes(
    people: People, study: Study, sits: Sits
) -> None:
    user = people.rae
    with at(DAY_0):
        finish_period(sits, user)
    headers: list[str | None] = []
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    path = f"/api/studies/{study.pk}/reads"
    for day in (28, 28.001):
        with at(DAY_0 + timedelta(days=day)):
            tab = sits(user)
            body = {"session_id": None, "tab": tab.tab}
            answer = client.post(path, body, content_type="application/json")
            assert answer.status_code == 200, answer.content
            headers.append(answer.headers.get("Clear-Site-Data"))
            tab.read_and_sign()
    assert headers[0] is not None
    assert '"cache"' in headers[0]
    assert "storage" not in headers[0], "the outbox must stay"
    assert headers[1] is None


@pytest.mark.fault("F5")
def test_f5_no_answer_to_a_reader_is_cached_compressed_or_tagged(study: Study, sits: Sits) -> None:
    user = worlds.control_first(study)
    sits(user).read_and_sign()
    traffic = worlds.play(study, user, "hidden", HIDDEN, cases=1)
    assert len(traffic) > 20
    for each in traffic:
        headers = dict(each.headers)
        assert "no-store" in headers["Cache-Control"], each.request
        assert not {"Content-Encoding", "ETag", "Last-Modified", "Server-Timing"} & set(headers)


@pytest.mark.fault("F7")
def test_f7_dicomweb_lists_what_the_packet_names_and_nothing_else(study: Study, sits: Sits) -> None:
    worlds.fill_the_vault(study)
    user = worlds.aided_first(study)
    sits(user).read_and_sign()
    packet = sits(user).open()
    assert packet["ai"]["proposals"]
    found = Client().get(f"/dicomweb/{packet['token']}/studies").json()
    uids = [each["0020000D"]["Value"][0] for each in found]
    shown = [*packet["series"], *(packet["prior"]["series"] if packet["prior"] else ())]
    assert len(uids) == 1 + (packet["prior"] is not None)
    base = f"/dicomweb/{packet['token']}/studies"
    series = [each for uid in uids for each in Client().get(f"{base}/{uid}/series").json()]
    assert len(series) == len(shown)
    assert {each["00080060"]["Value"][0] for each in series} == {"MR"}


@pytest.mark.fault("F12")
def test_f12_the_room_is_the_same_page_in_every_arm(study: Study) -> None:
    pages = []
    for user in (worlds.control_first(study), worlds.aided_first(study)):
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        answer = client.get(f"/reading/{study.pk}/")
        token = client.cookies["csrf"].value if "csrf" in client.cookies else "-"
        content = answer.content.decode().replace(token, "")
        pages.append((content.replace(str(user), ""), sorted(answer.headers)))
    assert pages[0] == pages[1]


@pytest.mark.fault("D11")
def test_d11_a_signature_needs_a_living_session_and_the_signers_own_password(
    people: People, sits: Sits
) -> None:
    tab = sits(people.rae)
    tab.open()
    tab.read_case()
    for password in ("", "wrong", PASSWORD.upper()):
        with pytest.raises(Refused) as refused:
            tab.sign(password=password)
        assert refused.value.status in (400, 403)
    with pytest.raises(Refused) as meant:
        tab.sign(meaning="I was told to.")
    assert meant.value.code == "reads.meaning"
    first = tab.sign()
    assert tab.sign() == first
    signature = Read.objects.get(pk=tab.read_id).signature
    assert (signature.name, signature.by) == (str(people.rae), people.rae)
    other = sits(people.gus)
    other.packet = tab.packet
    with pytest.raises(Refused) as replayed:
        other.sign(tab=tab.tab, fence=tab.fence, last_seq=len(tab.made))
    assert replayed.value.status == 404
    people.rae.is_active = False
    people.rae.save()
    with pytest.raises(Refused) as gone:
        tab.sign()
    assert gone.value.status == 401


@pytest.mark.fault("D12")
@pytest.mark.parametrize("harm", ["mark", "answer", "event", "carried", "forged", "time"])
def test_d12_what_an_owner_of_the_database_changes_is_found(
    people: People, sits: Sits, harm: str
) -> None:
    tab = sits(people.rae)
    tab.read_and_sign()
    call_command("verify_reads", stdout=StringIO())
    with connection.cursor() as cursor:
        for statement in triggers.removals(connection.vendor):
            cursor.execute(statement)
    if harm == "mark":
        Mark.objects.filter(read=tab.read_id).update(x_mm=7)
    elif harm == "answer":
        Answer.objects.filter(read=tab.read_id, question__key="likelihood").update(value=1)
    elif harm in {"event", "carried", "forged"}:
        last = Batch.objects.filter(read=tab.read_id).order_by("first_seq").last()
        assert last is not None
        events = [asdict(each) for each in last.events()]
        if harm == "event":
            events[-1]["mono_ms"] += 5000
        else:  # no time differs, and no digest that is kept
            events[-1]["payload"] = {"another": "story"}
        body, keys = packing.body_of(events), last.keys
        if harm == "forged":  # its digest made anew, too: the signature alone knows
            altered = packing.unpacked(last.first_seq, bytes(keys), body)
            keys = packing.keys_of((each.event_id, each.anew()) for each in altered)
        Batch.objects.filter(pk=last.pk).update(body=body, keys=keys)
    else:
        Read.objects.filter(pk=tab.read_id).update(active_ms=1)
    with pytest.raises(CommandError, match=str(tab.read_id)):
        call_command("verify_reads")
    with connection.cursor() as cursor:
        for statement in triggers.statements(connection.vendor):
            cursor.execute(statement)


@pytest.mark.fault("F2")
def test_f2_every_page_of_a_reader_is_under_the_tripwire(
    people: People, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that looked at proposals, whatever it says of them, would be stopped."""

    def looks(named: object, name: str) -> None:
        asked = getattr(named, name)

        def also(*args: Any, **more: Any) -> Any:
            ProposedLesion.objects.exists()
            return asked(*args, **more)

        monkeypatch.setattr(named, name, also)

    client = Client()
    client.force_login(people.rae, backend="django.contrib.auth.backends.ModelBackend")
    values = {"study_id": str(study.pk), "key": "about-you"}
    pages = [
        "/" + re.sub(r"<\w+:(\w+)>", lambda found: values[found[1]], str(each.pattern))
        for each in urls.urlpatterns
        if str(each.pattern).startswith("reading/")
    ]
    assert len(pages) >= 7
    assert {client.get(page).status_code for page in pages} <= {200, 302, 404}
    looks(views.own, "homes")
    looks(views.selectors, "reader_for")
    for page in pages:
        answer = client.get(page)
        assert (answer.status_code, b"incident" in answer.content) == (500, True), page


@pytest.mark.fault("F2")
def test_f2_every_address_of_the_readers_api_is_under_the_tripwire() -> None:
    found = [each for each in urls.urlpatterns if str(each.pattern).startswith("api/")]
    assert len(found) >= 11
    for each in found:
        assert issubclass(each.callback.view_class, ReaderView), each.pattern
