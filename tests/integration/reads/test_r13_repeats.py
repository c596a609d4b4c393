"""R13: the same case again, without losing the first read; kept apart in the frozen data."""

from datetime import timedelta
from typing import Any

import pytest

from readerstudy.reads import progress, selectors
from readerstudy.reads.models import Read
from readerstudy.results import services as results
from readerstudy.results import store
from readerstudy.results.bridge import analyse
from readerstudy.results.presentation import lesions, order
from readerstudy.studies import integrity, protocol
from readerstudy.studies import services as studies
from readerstudy.studies.definition import DesignDraft
from readerstudy.studies.models import ProtocolVersion, Reader, Study
from readerstudy.studies.randomisation import repeat_number
from tests import kept
from tests.cast import People
from tests.integration.reads.conftest import running, sit
from tests.integration.reads.test_operations import DAY_0, at
from tests.scripted import Refused

pytestmark = pytest.mark.django_db
CASES, AGAIN = 4, 3


def again(people: People, washout_days: int = 0) -> Study:
    design = DesignDraft(kind="parallel", strata=(), washout_days=washout_days, repeats=AGAIN)
    return running(people, design=design, n_cases=CASES)


def reads_of(user: Any, *, repeats: bool) -> list[Read]:
    found = Read.objects.filter(reader__user=user, period__gt=0).select_related("allocation")
    return [
        each
        for each in found
        if bool(repeat_number(each.period, each.allocation.sequence)) == repeats
    ]


def test_r13_repeats_open_after_a_washout_and_the_first_read_stays(people: People) -> None:
    study = again(people, washout_days=28)
    with at(DAY_0):
        for _ in range(1 + CASES):
            sit(people.rae, study).read_and_sign()
        with pytest.raises(Refused) as refused:
            sit(people.rae, study).open()
        assert (refused.value.code, refused.value.body["opens_on"]) == (
            "reads.washout", "2026-03-30",
        )  # fmt: skip
        line = progress.progress(study)[0]
        assert (line.place.done, line.place.planned, line.place.period) == (4, 7, 2)
    with at(DAY_0 + timedelta(days=28)):
        before = {each.case_id: each for each in reads_of(people.rae, repeats=False)}
        for _ in range(AGAIN):
            sit(people.rae, study).read_and_sign(marks=0)
        reader = Reader.objects.get(user=people.rae)
        assert selectors.next_step(reader)[0] is None
    second = reads_of(people.rae, repeats=True)
    assert len(second) == AGAIN
    for read in second:
        first = before[read.case_id]
        assert read.arm_id == first.arm_id
        assert first.state == "submitted"
        assert first.marks.count() == 1
        assert read.marks.count() == 0


@pytest.mark.once
def test_r13_repeats_are_tables_of_their_own_and_the_report_says_how_readers_agree(
    people: People,
) -> None:
    study = again(people)
    for place, user in enumerate(people.readers):
        for number in range(1 + CASES + AGAIN):
            tab = sit(user, study)
            tab.open()
            tab.does("load_start", 0)
            tab.does("first_render")
            tab.does("scroll", 20)
            tab.mark(60 + number + place)
            tab.answer_all(20 + 9 * ((number * 5 + place) % 7))
            tab.flush()
            tab.sign()
    studies.close(study, reason="all reads are in", by=people.cora)
    frozen = results.freeze(study, by=people.stan)
    files = store.read(store.freeze_folder(frozen.id), frozen.sha256)
    assert frozen.counts["reads"] == 3 * CASES
    assert frozen.counts["repeat_reads"] == frozen.counts["repeat_marks"] == 3 * AGAIN
    assert b"## repeat_reads.csv" in files["data_dictionary.md"]
    numbers = analyse(study.analysis_plan, files).numbers
    found = numbers["repeats"]
    assert found["pairs"] == 3 * AGAIN
    assert [each["reader"] for each in found["readers"]] == ["R01", "R02", "R03", "all"]
    assert all("icc" in each for each in found["readers"])
    by_lesion = found["lesions"]["readers"]
    assert [each["reader"] for each in by_lesion] == ["R01", "R02", "R03", "all"]
    assert by_lesion[-1]["lesions"] == sum(each["lesions"] for each in by_lesion[:-1]) > 0
    assert len(lesions.found_again(numbers).rows) == 4
    assert numbers["flow"]["statement"]
    assert len(order.repeats(numbers).rows) == 4


def test_a3_a_protocol_that_was_locked_before_there_were_repeats_is_what_was_locked(
    people: People,
) -> None:
    study = kept.running_study(people)
    version = ProtocolVersion.objects.get(study=study)
    old = dict(version.document)
    old["design"] = {name: value for name, value in old["design"].items() if name != "repeats"}
    for name in ("questionnaires", "pass_mark_percent", "hanging"):
        del old[name]
    ProtocolVersion.objects.filter(pk=version.pk).update(document=old, sha256=protocol.sha256(old))
    assert integrity.check(study) == []
    Study.objects.filter(pk=study.pk).update(repeats=2)
    assert "design" in integrity.check(study)[0]


def test_a3_a_list_with_repeats_is_made_again_from_its_seed(people: People) -> None:
    study = again(people)
    assert integrity.check(study) == []
