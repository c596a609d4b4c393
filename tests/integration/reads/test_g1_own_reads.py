"""G1, G3: another reader's read is as unknown at every door as one that never was."""

from uuid import uuid4

import pytest

from readerstudy.audit.models import Entry
from readerstudy.reads import feedback
from readerstudy.reads.disclosure import MEANING
from readerstudy.reads.models import ProblemReport, Read
from tests.cast import PASSWORD, People
from tests.integration.reads.conftest import Sits


@pytest.mark.fault("G1")
@pytest.mark.fault("G3")
def test_g1_another_readers_read_is_unknown_at_every_door(people: People, sits: Sits) -> None:
    hers = sits(people.rae)
    hers.open()
    hers.read_case()
    his = sits(people.gus)
    his.open()
    lease = {"tab": hers.tab, "fence": hers.fence}
    signing = {"last_seq": len(hers.made), "password": PASSWORD, "meaning": MEANING}
    doors = [
        ("GET", f"?tab={hers.tab}", None),
        ("POST", "/events", {**lease, "events": [hers.does("scroll")]}),
        ("POST", "/take-over", {"tab": his.tab}),
        ("POST", "/submit", {**lease, **signing}),
        ("GET", "/next-images", None),
        ("GET", "/heat-maps", None),
        ("GET", "/known-lesions", None),
        ("POST", "/problem", {"words": "a slice is missing"}),
    ]
    before = Entry.objects.count()
    for method, door, body in doors:
        answers = [
            his.send(method, f"/api/reads/{read}{door}", body, {"Idempotency-Key": "k"})
            for read in (hers.read_id, uuid4())
        ]
        assert answers[0] == answers[1], door
        assert (answers[0][0], answers[0][1]["code"]) == (404, "unknown"), door
    assert Entry.objects.count() == before
    read = Read.objects.get(pk=hers.read_id)
    assert (read.state, read.lease_tab, read.lease_fence) == ("opened", hers.tab, hers.fence)


def test_a6_a_reported_problem_is_recorded_with_its_words(people: People, sits: Sits) -> None:
    tab = sits(people.rae)
    tab.open()
    said = tab.call("POST", f"/api/reads/{tab.read_id}/problem", {"words": "a slice is missing"})
    entry = Entry.objects.get(action="reads.report_problem")
    assert (entry.actor, entry.reason) == ("rae", "a slice is missing")
    assert entry.detail["report"] == said["report"]
    assert str(ProblemReport.objects.get().id).startswith(said["report"])


@pytest.mark.fault("F11")
def test_f11_a_training_case_has_no_feedback_before_it_is_signed(
    people: People, sits: Sits
) -> None:
    """Whoever asks: the tripwire would refuse, but it is not for it to find out."""
    tab = sits(people.rae)
    tab.open()
    tab.read_case()
    assert feedback.of(Read.objects.get(pk=tab.read_id)) is None
    assert "feedback" in tab.sign()
    assert feedback.of(Read.objects.get(pk=tab.read_id)) is not None
