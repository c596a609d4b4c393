"""From the worklist to a signature: what a reader does, and what the platform keeps of it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from readerstudy.audit import chain
from readerstudy.audit import selectors as audit
from readerstudy.imaging import grants
from readerstudy.reads import selectors
from readerstudy.reads.models import Batch, Read, Session
from readerstudy.studies.models import Reader, Study
from tests.cast import People
from tests.integration.reads.conftest import Sits
from tests.scripted import DISPLAY, Refused


def test_a_reader_reads_training_then_the_cases_of_the_first_period(
    people: People, study: Study, sits: Sits
) -> None:
    rae = sits(people.rae)
    before = rae.call("GET", "/api/worklist")["studies"]
    assert [each["next"]["action"] for each in before] == ["training"]
    for number in range(5):
        tab = sits(people.rae)
        packet = tab.open()
        assert packet["read"]["is_training"] is (number == 0)
        assert packet["read"]["number"] == max(number, 1)
        assert packet["read"]["of"] == (1 if number == 0 else 8)
        tab.read_case(marks=number % 2)
        signed = tab.sign()
        assert signed["signature"]["name"] == "Rae Resident"
    (entry,) = rae.call("GET", "/api/worklist")["studies"]
    assert (entry["done"], entry["planned"], entry["period"]) == (4, 8, 2)
    assert entry["next"]["action"] == "wait"
    assert Read.objects.filter(reader__user=people.rae, state="submitted").count() == 5
    assert list(chain.verify(audit.links())) == []


def test_r7_what_was_done_is_there_again_after_a_reload(people: People, sits: Sits) -> None:
    tab = sits(people.rae)
    tab.open()
    tab.does("first_render")
    mark = tab.mark(rating=35, diameter_mm=6.5)
    tab.does("answer_set", key="likelihood", value=40)
    tab.flush()
    draft = tab.reload()["draft"]
    assert draft["marks"] == [
        {
            "mark_id": mark,
            "number": 1,
            "position_mm": [1.0, 1.0, 0.5],
            "diameter_mm": 6.5,
            "rating": 35,
            "mask": None,
            "threshold_percent": None,
            "series": tab.packet["series"][0]["id"],
            "proposal": None,
        }
    ]
    assert draft["answers"] == {"likelihood": 40}
    assert draft["last_seq"] == {tab.tab: 4}


def test_r7_where_something_was_done_is_kept_and_changes_no_draft(
    people: People, sits: Sits
) -> None:
    tab = sits(people.rae)
    tab.open()
    tab.does("first_render")
    series = tab.packet["series"][0]["id"]
    view = {"pane": 1, "series": tab.packet["series"][-1]["id"], "slice": 7}
    mark, place = str(uuid4()), {"position_mm": [1.0, 1.0, 0.5], "series": series}
    tab.does("mark_put", mark_id=mark, diameter_mm=None, number=1, **place, view=view)
    tab.does("mark_rated", mark_id=mark, rating=35, view=view)
    tab.does("mark_moved", mark_id=mark, **place, view=view | {"cut": "sagittal"})
    tab.does("answer_set", key="likelihood", value=40, view=view)
    tab.flush()
    draft = tab.reload()["draft"]
    (kept,) = draft["marks"]
    assert (kept["mark_id"], kept["series"], kept["rating"]) == (mark, series, 35)
    assert "view" not in kept
    assert draft["answers"] == {"likelihood": 40}
    batches = Batch.objects.filter(read_id=tab.read_id)
    told = [each.payload.get("view") for batch in batches for each in batch.events()]
    assert told[-4:] == [view, view, view | {"cut": "sagittal"}, view]


def test_r7_what_was_measured_is_there_again_and_nobody_elses(people: People, sits: Sits) -> None:
    tab = sits(people.rae)
    tab.open()
    series = tab.packet["series"][0]["id"]
    length = {
        "measure_id": str(uuid4()), "tool": "length", "series": series,
        "points_mm": [[0.0, 0.0, 0.5], [3.0, 4.0, 0.5]], "values": [5.0],
    }  # fmt: skip
    gone = length | {"measure_id": str(uuid4())}
    tab.does("measure_put", **length)
    tab.does("measure_put", **gone)
    longer = length | {"points_mm": [[0.0, 0.0, 0.5], [6.0, 8.0, 0.5]], "values": [10.0]}
    tab.does("measure_put", **longer)
    tab.does("measure_removed", measure_id=gone["measure_id"])
    tab.flush()
    assert tab.reload()["draft"]["measures"] == [longer]
    other = sits(people.gus)
    assert other.open()["draft"]["measures"] == []
    with pytest.raises(Refused) as refused:
        tab.deliver([tab.does("measure_put", **(length | {"tool": "angle"}))])
    assert "has 3 points" in refused.value.body["detail"]


def test_r1_while_a_case_is_read_the_next_ones_images_may_be_fetched_and_no_others(
    people: People, sits: Sits
) -> None:
    sits(people.rae).read_and_sign()  # training
    tab = sits(people.rae)
    tab.open()
    for _ in range(3):
        ahead = tab.call("GET", f"/api/reads/{tab.read_id}/next-images")
        named = [each["id"] for each in ahead["series"]]
        assert set(map(str, grants.read(ahead["token"]))) == set(named)
        assert set(ahead) == {"token", "series"}
        tab.read_case()
        tab.sign()
        tab = sits(people.rae)
        packet = tab.open()
        prior = packet["prior"]["series"] if packet["prior"] else []
        assert [each["id"] for each in (*packet["series"], *prior)] == named
    last = tab.call("GET", f"/api/reads/{tab.read_id}/next-images")
    assert last == {"token": "", "series": []}  # the other period's cases are not told


def test_r11_the_display_is_kept_with_the_session_as_it_was_measured(
    people: People, study: Study, sits: Sits
) -> None:
    display = DISPLAY | {"window_width_px": 2560, "window_height_px": 1300, "pixels_per_mm": 4.31}
    rae = sits(people.rae)
    begun = rae.call("POST", f"/api/studies/{study.pk}/sessions", {"display": display})
    assert Session.objects.get(pk=begun["session_id"]).display == display
    with pytest.raises(Refused) as refused:
        rae.call(
            "POST", f"/api/studies/{study.pk}/sessions", {"display": display | {"webgl": False}}
        )
    assert refused.value.code == "reads.display"


def test_marks_are_moved_sized_removed_and_brought_back(people: People, sits: Sits) -> None:
    tab = sits(people.rae)
    tab.open()
    one, two = tab.mark(), tab.mark()
    tab.does("mark_moved", mark_id=one, position_mm=[4, 5, 6])
    tab.does("mark_sized", mark_id=one, diameter_mm=3)
    tab.does("mark_removed", mark_id=two)
    tab.flush()
    (kept,) = tab.reload()["draft"]["marks"]
    assert (kept["mark_id"], kept["position_mm"], kept["diameter_mm"]) == (one, [4, 5, 6], 3)
    tab.does("mark_restored", mark_id=two)
    tab.flush()
    assert [each["number"] for each in tab.reload()["draft"]["marks"]] == [1, 2]


def test_r3_what_was_drawn_of_a_lesion_is_kept_until_its_size_or_place_is_changed(
    people: People, sits: Sits
) -> None:
    tab = sits(people.rae)
    series = tab.open()["series"][0]["id"]
    mark = tab.mark()
    mask = {"series": series, "voxels": "0,0,0,2,1,1:0,2"}

    def after(kind: str, **payload: Any) -> Any:
        tab.does(kind, mark_id=mark, **payload)
        tab.flush()
        (found,) = tab.reload()["draft"]["marks"]
        assert found["threshold_percent"] == (payload.get("threshold_percent") or None)
        return found["mask"], found["diameter_mm"]

    assert after("mark_drawn", mask=mask, diameter_mm=2.2) == (mask, 2.2)
    assert after("mark_rated", rating=60) == (mask, 2.2)
    assert after("mark_sized", diameter_mm=3.0) == (None, 3.0)
    after("mark_drawn", mask=mask, diameter_mm=2.2)
    assert after("mark_moved", position_mm=[1.0, 2.0, 0.5], series=series) == (None, 2.2)
    after("mark_drawn", mask=mask, diameter_mm=2.2, threshold_percent=65)
    assert after("mark_drawn", mask=mask, diameter_mm=2.2) == (mask, 2.2), "by hand since"
    for elsewhere in (
        mask | {"series": str(uuid4())}, mask | {"voxels": "9000,0,0,2,1,1:0,2"},
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            tab.deliver([tab.does("mark_drawn", mark_id=mark, mask=elsewhere, diameter_mm=2)])
        assert "does not lie in a series" in refused.value.body["detail"]


def test_what_is_missing_is_said_in_words_before_anything_is_signed(
    people: People, sits: Sits
) -> None:
    tab = sits(people.rae)
    tab.open()
    tab.does("first_render")
    tab.mark(rating=None)
    tab.flush()
    with pytest.raises(Refused) as refused:
        tab.sign()
    assert (refused.value.status, refused.value.code) == (409, "reads.incomplete")
    what = [each["what"] for each in refused.value.body["missing"]]
    assert what == ["mark:1", "question:likelihood", "question:management"]
    assert Read.objects.get(pk=tab.read_id).state == "opened"


def test_a2_signing_asks_for_the_password_and_the_meaning(people: People, sits: Sits) -> None:
    tab = sits(people.rae)
    tab.open()
    tab.read_case()
    with pytest.raises(Refused) as wrong:
        tab.sign(password="not it")
    assert (wrong.value.status, wrong.value.code) == (403, "reads.wrong_password")
    with pytest.raises(Refused) as other:
        tab.sign(meaning="whatever")
    assert other.value.code == "reads.meaning"
    assert Read.objects.get(pk=tab.read_id).state == "opened"
    assert tab.sign()["read_id"] == tab.read_id


def test_active_time_is_the_scripts_own(people: People, sits: Sits) -> None:
    tab = sits(people.rae)
    tab.open()
    Read.objects.filter(pk=tab.read_id).update(opened_at=timezone.now() - timedelta(hours=1))
    tab.does("load_start", 0)
    tab.does("first_render", 2)
    for _ in range(6):
        tab.does("scroll", 10)
    tab.does("hidden", 1)
    tab.does("visible", 300)
    tab.does("pause", 1)
    tab.does("resume", 600)
    tab.mark()
    tab.answer_all()
    tab.flush()
    tab.sign()
    read = Read.objects.get(pk=tab.read_id)
    steps = len(tab.made) - 12
    assert read.active_ms == 60_000 + 1000 + 1000 + 1000 * steps
    assert read.timing is not None
    assert (read.timing["hidden_ms"], read.timing["paused_ms"]) == (300_000, 600_000)
    assert read.timing["loading_ms"] == 2000
    assert read.timing["flags"] == []


@pytest.mark.fault("C17")
def test_c17_an_impossible_duration_is_kept_and_flagged(people: People, sits: Sits) -> None:
    tab = sits(people.rae)
    tab.open()
    tab.does("first_render")
    for _ in range(100):
        tab.does("scroll", 59)
    tab.mark()
    tab.answer_all()
    tab.flush()
    tab.sign()
    read = Read.objects.get(pk=tab.read_id)
    assert read.active_ms is not None
    assert read.active_ms > 5_900_000
    assert read.timing is not None
    assert "implausible" in read.timing["flags"]


def test_a_reader_of_another_study_finds_nothing(people: People, study: Study, sits: Sits) -> None:
    tab = sits(people.rae)
    tab.open()
    max_ = sits(people.max)
    max_.packet, max_.fence = tab.packet, tab.fence
    assert max_.call("GET", "/api/worklist")["studies"] == []
    for call in (max_.open, max_.reload, max_.take_over, max_.sign, lambda: max_.deliver([])):
        with pytest.raises(Refused) as refused:
            call()
        assert (refused.value.status, refused.value.code) == (404, "unknown")


def test_a_read_that_is_signed_while_it_is_looked_up_is_not_open(
    people: People, study: Study, sits: Sits
) -> None:
    """Between the two queries of `open_read`, as another window may."""
    tab = sits(people.rae)
    tab.open()
    reader = Reader.objects.get(user=people.rae, study=study)
    asked: list[str] = []

    def signing(execute: Any, sql: str, *rest: Any) -> Any:
        found = execute(sql, *rest)
        asked.append(sql)
        if len(asked) == 1:
            read = Read.objects.filter(pk=tab.read_id)
            read.update(state=Read.State.SUBMITTED, submitted_at=timezone.now(), active_ms=1)
        return found

    assert selectors.open_read(reader) is not None
    with connection.execute_wrapper(signing):
        assert selectors.open_read(reader) is None
    assert len(asked) == 3  # whether there is one, its signature, and the whole of it
