"""Fault F13: what people other than the reader come to see: pages, logs, error reports."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.core import mail
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from readerstudy.audit.models import Entry
from readerstudy.desk import notices
from readerstudy.proposals.lesions import ProposedLesion
from readerstudy.reads import disclosure, live
from readerstudy.studies.models import Study
from readerstudy.truth.models import TruthLesion
from readerstudy.web import logs
from readerstudy.web.logs import formatter
from tests.cast import People
from tests.integration.reads import worlds
from tests.integration.reads.conftest import sit
from tests.integration.studies.test_c3_concealment import addresses, body, client_of

CANARIES = ("c0ffee00", worlds.WORDS, str(worlds.NUMBER))


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the platform logs, as it is written."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter())
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


def told(text: str) -> list[str]:
    """The canaries in a text."""
    return [each for each in CANARIES if each in text]


@pytest.mark.fault("F13")
def test_f13_an_incident_tells_its_number_and_its_place_and_nothing_hidden(
    study: Study, lines: io.StringIO
) -> None:
    worlds.fill_the_vault(study)
    user = worlds.aided_first(study)
    sit(user, study).read_and_sign()  # training
    browser = worlds.Recorder(user)
    display = {"width_px": 1, "height_px": 1, "pixel_ratio": 1, "webgl": True}
    session = browser.ask("POST", f"/api/studies/{study.pk}/sessions", {"display": display})

    def broken(lesion: Any, *_rest: Any, **_more: Any) -> None:
        row = f"DETAIL:  Failing row contains ({lesion.id}, {lesion.explanation})."
        raise IntegrityError(f"null value violates not-null constraint\n{row}")

    with mock.patch.object(disclosure, "_proposal", broken):
        answer = browser.ask(
            "POST", f"/api/studies/{study.pk}/reads",
            {"session_id": session["session_id"], "tab": "0" * 8 + "-0000-4000-8000-" + "0" * 12},
        )  # fmt: skip
    assert answer["code"] == "incident"
    (logged,) = [
        each for each in map(json.loads, lines.getvalue().splitlines())
        if each.get("incident") == answer["incident"]
    ]  # fmt: skip
    assert "null value violates not-null constraint" in logged["exception"]
    assert "broken" in logged["exception"]  # the place in the source
    assert told(lines.getvalue()) == []
    assert told(json.dumps(answer)) == []
    assert mail.outbox == []
    assert settings.ADMINS == []  # no error is mailed to anybody


def unrecorded(client: Client, study: Study) -> list[tuple[str, list[str]]]:
    """Addresses whose answer shows something hidden that is not put on record, and what."""
    found = []
    for address in addresses(study):
        before = Entry.objects.count()
        shown = told(body(client.get(address)))
        if shown and Entry.objects.count() == before:
            found.append((address, shown))
    return found


@pytest.mark.fault("F13")
@pytest.mark.parametrize("who", ["ada", "cora"])
def test_f13_no_page_of_the_staff_shows_what_is_hidden_unrecorded(
    people: People, study: Study, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is shown a proposal or the truth while the study is blinded is on record."""
    worlds.fill_the_vault(study)
    client = client_of(getattr(people, who))
    assert unrecorded(client, study) == []
    if who == "cora":  # F14: leaks planted in what she sees are found by the same walk
        for plant in STAFF_LEAKS:
            with monkeypatch.context() as planted:
                plant(planted)
                assert unrecorded(client, study), plant.__name__


def a_notice_tells_what_a_proposal_says(patch: pytest.MonkeyPatch) -> None:
    def notices_of(_study: Study) -> list[notices.Notice]:
        return [notices.Notice("x", str(ProposedLesion.objects.all()[0].explanation), "/")]

    patch.setattr(notices, "notices", notices_of)


def the_live_view_tells_the_truth(patch: pytest.MonkeyPatch) -> None:
    def live_view(study: Study) -> list[live.OpenRead]:
        where = str(TruthLesion.objects.filter(standard__case__study=study)[0].x_mm)
        now = timezone.now()
        return [live.OpenRead("R01", "Rae", "North", where, now, now, live.Sign.READING, 0, 0)]

    patch.setattr(live, "live", live_view)


STAFF_LEAKS = (a_notice_tells_what_a_proposal_says, the_live_view_tells_the_truth)


@pytest.mark.once
@pytest.mark.fault("F13")
@pytest.mark.fault("F14")
def test_f14_a_log_that_keeps_a_databases_words_is_caught(
    study: Study, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "ROWS", re.compile(r"(?!)"))
    with pytest.raises(AssertionError):
        test_f13_an_incident_tells_its_number_and_its_place_and_nothing_hidden(study, lines)
