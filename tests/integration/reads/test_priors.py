"""A prior examination reaches readers alike in every arm; nothing is marked on it."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from readerstudy.imaging import grants, links, store, tokens
from readerstudy.imaging.models import Series
from readerstudy.proposals.models import Run
from readerstudy.reads.models import Mark, Measurement, Read
from readerstudy.studies.models import Study
from tests import proposing
from tests.integration.reads import worlds
from tests.integration.reads.conftest import Sits
from tests.scripted import Refused, Tab


def _at_a_prior(tab: Tab, *, is_training: bool = True) -> Tab:
    """Read on until the open case has a prior; its tab."""
    for _ in range(5):
        packet = tab.open()
        if packet["prior"] and (is_training or not packet["read"]["is_training"]):
            return tab
        tab.read_and_sign()
        tab = tab.next_tab()
    raise AssertionError("no case of this reader has a prior")


def _case_of(tab: Tab) -> Any:
    return Read.objects.get(pk=tab.read_id).case


def _prior_series(packet: dict[str, Any]) -> list[str]:
    return [each["id"] for each in packet["prior"]["series"]]


def test_r2_the_gate_shows_the_same_prior_in_every_arm(study: Study, sits: Sits) -> None:
    shown = {}
    for user in (worlds.control_first(study), worlds.aided_first(study)):
        tab = _at_a_prior(sits(user), is_training=False)
        packet = tab.packet
        arm = Read.objects.get(pk=tab.read_id).arm.mode
        case = _case_of(tab)
        assert _prior_series(packet) == [
            str(each.pk)
            for role in ("t1c", "flair")
            for each in case.prior.series.filter(role=role)
        ]
        shown[arm] = (packet["prior"].keys(), packet["prior"]["days"])
    assert shown["control"] == shown["concurrent"]


def test_the_token_opens_the_prior_of_the_open_case_only(study: Study, sits: Sits) -> None:
    tab = _at_a_prior(sits(worlds.control_first(study)))
    packet = tab.packet
    case = _case_of(tab)
    own = {str(each.pk) for each in case.examination.series.all()}
    prior = {str(each.pk) for each in case.prior.series.all()}
    assert {str(each) for each in grants.read(packet["token"])} == own | prior
    found = Client().get(f"/dicomweb/{packet['token']}/studies").json()
    uids = {each["0020000D"]["Value"][0] for each in found}
    assert uids == {case.examination.study_uid, case.prior.study_uid}


def test_the_proxy_is_told_of_the_same_series_as_the_token(
    study: Study, sits: Sits, settings: Any
) -> None:
    settings.X_ACCEL_PREFIX, settings.PROXY_KEY = "/protected/", "a key"
    for each in Series.objects.select_related("examination"):  # of all cases
        place = store.pack_place(each)
        place.parent.mkdir(parents=True)
        place.write_bytes(bytes(each.pack_bytes))
        store.metadata_path(each).write_bytes(b"[]")
    tab = _at_a_prior(sits(worlds.control_first(study)))
    token, case = tab.packet["token"], _case_of(tab)
    shown = {
        str(each.pk): f"{one.study_uid}_{each.series_uid}"
        for one in (case.examination, case.prior)
        for each in one.series.all()
    }
    folder = links.root() / tokens.signature(token)
    assert {each.name for each in folder.iterdir()} == set(shown) | set(shown.values())
    for pk, uids in shown.items():
        assert (folder / pk).resolve() == (folder / uids).resolve()
        assert (folder / pk).resolve().name.startswith(f"{pk}_")
        assert {each.name for each in (folder / pk).iterdir()} == {"raw.pack", "files", "frames"}
        assert (folder / pk / "raw.pack").resolve().parent.name == pk
    assert {str(each) for each in grants.read(token)} == set(shown)


def test_the_next_cases_prior_is_fetched_ahead_with_it(study: Study, sits: Sits) -> None:
    tab = sits(worlds.control_first(study))
    tab.read_and_sign()
    tab = tab.next_tab()
    tab.open()
    seen = 0
    for _ in range(3):
        ahead = tab.call("GET", f"/api/reads/{tab.read_id}/next-images")
        named = [each["id"] for each in ahead["series"]]
        tab.read_and_sign()
        tab = tab.next_tab()
        packet = tab.open()
        after = [each["id"] for each in packet["series"]]
        after += _prior_series(packet) if packet["prior"] else []
        assert named == after
        seen += packet["prior"] is not None
    assert seen


def test_a_mark_on_the_prior_is_refused_with_the_reason(study: Study, sits: Sits) -> None:
    tab = _at_a_prior(sits(worlds.control_first(study)))
    packet = tab.packet
    prior = _prior_series(packet)[0]
    tab.does("mark_put", mark_id=str(uuid4()), position_mm=[1, 1, 0], series=prior)
    with pytest.raises(Refused) as refused:
        tab.flush()
    assert (refused.value.status, refused.value.code) == (400, "reads.event")
    assert "for comparison only" in refused.value.body["detail"]
    assert not Mark.objects.filter(read_id=tab.read_id).exists()


def test_a_mark_is_not_moved_onto_the_prior_and_may_be_measured_there(
    study: Study, sits: Sits
) -> None:
    tab = _at_a_prior(sits(worlds.control_first(study)))
    packet = tab.packet
    own, prior = packet["series"][0]["id"], _prior_series(packet)[0]
    mark = str(uuid4())
    tab.does("mark_put", mark_id=mark, position_mm=[1, 1, 0], series=own)
    points = [[0, 0, 0], [3, 4, 0]]
    tab.does(
        "measure_put", measure_id=str(uuid4()), tool="length", series=prior, points_mm=points,
        values=[5],
    )  # fmt: skip
    tab.flush()
    assert Measurement.objects.filter(read_id=tab.read_id, series=prior).exists()
    tab.does("mark_moved", mark_id=mark, position_mm=[1, 1, 1], series=prior)
    with pytest.raises(Refused):
        tab.flush()
    assert str(Mark.objects.get(mark_id=mark).series) == own


def test_r2_proposals_on_the_prior_reach_nobody(study: Study, sits: Sits) -> None:
    tab = _at_a_prior(sits(worlds.aided_first(study)), is_training=False)
    case = _case_of(tab)
    before = tab.packet["ai"]["proposals"]
    proposing.propose(case.prior, proposing.found(0.99), proposing.found(0.98))
    assert Run.objects.filter(examination=case.prior).exists()
    assert tab.reload()["ai"]["proposals"] == before
