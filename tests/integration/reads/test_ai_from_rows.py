"""The migration that says since when an on-demand read has had its proposals (H6)."""

from typing import Any

import pytest

from readerstudy.proposals import bridge
from readerstudy.reads.models import Read
from readerstudy.studies.models import Arm
from tests import cast, factories, proposing
from tests.integration.reads.test_at_once import running, sit
from tests.integration.reads.test_packing_rows import to, to_now

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.fault("H6")
def test_h6_reads_of_before_were_sent_their_proposals_as_they_were_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bridge, "card", lambda _detector: dict(proposing.CARD))
    monkeypatch.setattr(bridge, "default_detector", lambda: factories.DETECTOR)
    people = cast.people()
    study = running(people)
    for reader in (people.rae, people.gus):
        tab: Any = sit(reader, study)
        tab.open()
    first, second = Read.objects.order_by("opened_at")
    Arm.objects.filter(mode="concurrent").update(mode="on_demand")
    for read, mode in ((first, "on_demand"), (second, "control")):
        Read.objects.filter(pk=read.pk).update(arm=study.arms.get(mode=mode))
    try:
        to([("reads", "0005_mark_mask")])
    finally:
        to_now()
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.ai_from == first.opened_at
    assert second.ai_from is None
