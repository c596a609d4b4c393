"""C4: progress for the coordinator: counts and dates, never an arm or a score."""

from dataclasses import asdict
from datetime import date, timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from readerstudy.reads import home, live, progress, selectors
from readerstudy.reads import services as reads
from readerstudy.reads.live import Sign
from readerstudy.reads.models import Read
from readerstudy.reads.progress import Standing
from readerstudy.studies import services as studies
from readerstudy.studies.definition import ArmDraft, DesignDraft
from readerstudy.studies.models import Reader, Study
from tests import factories
from tests.cast import People
from tests.integration.reads.conftest import Sits, running, sit
from tests.integration.reads.test_operations import DAY_0, at, finish_period


def test_c4_progress_says_done_planned_activity_period_and_washout(
    people: People, study: Study, sits: Sits
) -> None:
    with at(DAY_0):
        finish_period(sits, people.rae)
        sits(people.gus).open()
        rae, gus, nora = progress.progress(study)
    assert (rae.place.done, rae.place.planned) == (4, 8)
    assert (rae.place.training_done, rae.place.period, rae.place.periods) == (1, 2, 2)
    assert (rae.standing, rae.opens_on) == (Standing.WASHOUT, date(2026, 3, 30))
    assert (rae.last_activity, gus.last_activity, nora.last_activity) == (DAY_0, DAY_0, None)
    assert (gus.standing, nora.standing) == (Standing.READING, Standing.NOT_STARTED)
    with at(DAY_0 + timedelta(days=28)):
        assert progress.progress(study)[0].standing == Standing.BETWEEN
    sites = {each.site: each for each in progress.by_site([rae, gus, nora])}
    north = sites["North Hospital"]
    assert (north.readers, north.done, north.planned) == (2, 4, 16)


def test_c4_it_is_right_when_questions_are_optional(people: People) -> None:
    study = running(people)
    study.questions.filter(is_primary=False).update(is_required=False)
    tab = sit(people.rae, study)
    tab.open()
    tab.does("first_render")
    tab.mark()
    tab.does("answer_set", key="likelihood", value=3)
    tab.flush()
    tab.sign()
    assert progress.progress(study)[0].place.training_done == 1


def test_c4_no_arm_can_be_told_from_the_counts(people: People) -> None:
    """In a parallel study with a second-reader arm, both arms' readers have the same counts."""
    arms = (
        factories.CONTROL,
        ArmDraft(key="B", name="AI second", mode="second_reader", detector=factories.DETECTOR),
    )
    study = running(people, arms=arms, design=DesignDraft(kind="parallel", strata=()))
    for user in people.readers:
        tab = sit(user, study)
        packet = tab.open()
        tab.read_case()
        tab.sign()
        if packet["read"]["stage"] == "unaided":
            sit(user, study).read_and_sign()
    modes = set(Read.objects.values_list("arm__mode", flat=True))
    assert modes == {"control", "second_reader"}
    lines = progress.progress(study)
    counts = {(line.place.training_done, line.place.planned, line.standing) for line in lines}
    assert len(counts) == 1
    names = {name for line in lines for name in asdict(line)} | set(asdict(lines[0].place))
    assert not {name for name in names if any(x in name for x in ("arm", "score", "mode"))}


def test_a_withdrawn_reader_stays_in_the_table(people: People, study: Study, sits: Sits) -> None:
    sits(people.rae).open()
    reader = Reader.objects.get(study=study, user=people.rae)
    studies.withdraw_reader(reader, reason="left", by=people.cora)
    assert progress.progress(study)[0].standing == Standing.WITHDRAWN
    assert sum(each.readers for each in progress.by_site(progress.progress(study))) == 2


def test_the_live_view_shows_open_reads_and_stuck_ones(
    people: People, study: Study, sits: Sits
) -> None:
    sits(people.rae).open()
    sits(people.gus).open()
    long_ago = timezone.now() - timedelta(hours=1)
    Read.objects.filter(reader__user=people.gus).update(opened_at=long_ago)
    fresh, stuck = live.live(study)
    assert (fresh.code, fresh.sign, fresh.is_stuck) == ("R01", Sign.READING, False)
    assert (stuck.code, stuck.sign, stuck.is_stuck) == ("R02", Sign.STUCK, True)


def test_the_number_of_queries_does_not_grow_with_readers(people: People, study: Study) -> None:
    with CaptureQueriesContext(connection) as three:
        progress.progress(study)
    for _ in range(4):
        site = people.north
        user = factories.user(experience="general", site=site)
        Reader.objects.create(
            study=study, user=user, code=f"R9{_}", experience="general", site=site
        )
    with CaptureQueriesContext(connection) as seven:
        assert len(progress.progress(study)) == 7
    assert len(seven.captured_queries) == len(three.captured_queries)


def test_a_readers_history_says_what_and_when_never_how_well(
    people: People, study: Study, sits: Sits
) -> None:
    sits(people.rae).read_and_sign()
    (entry,) = selectors.history(people.rae, study.pk)
    assert set(entry) == {"case", "is_training", "submitted_at", "active_s"}


def test_c3_the_live_view_shows_a_second_readers_case_as_opened_once(people: People) -> None:
    """A case that opens again and is no other one would tell a blinded coordinator the arm."""
    arms = (factories.CONTROL, factories.SECOND_READER)
    study = running(people, arms=arms, design=DesignDraft(kind="sequential"))
    with at(DAY_0):
        sit(people.rae, study).read_and_sign()
    with at(DAY_0 + timedelta(minutes=5)):
        assert sit(people.rae, study).open()["read"]["stage"] == "aided"
        (line,) = live.live(study)
    assert line.opened_at == DAY_0


def test_a_readers_history_and_certificate_have_signed_cases_only_and_each_once(
    people: People,
) -> None:
    """A second reader's two stages are one case; what was voided or is open is none."""
    arms = (factories.CONTROL, factories.SECOND_READER)
    study = running(people, arms=arms, design=DesignDraft(kind="sequential"))
    for _ in range(10):  # a training case and four more, in two stages each
        sit(people.rae, study).read_and_sign()
    mine = Reader.objects.get(study=study, user=people.rae)
    taken = home.participation(mine)
    assert taken is not None
    assert (taken.cases, taken.training) == (4, 1)
    last = Read.objects.filter(reader=mine).order_by("opened_at").last()
    assert last is not None
    assert last.case.code in {each["case"] for each in selectors.history(people.rae, study.pk)}
    reads.void(last.pk, reason="phone rang", by=people.cora)
    assert last.case.code not in {each["case"] for each in selectors.history(people.rae, study.pk)}
    taken = home.participation(mine)
    assert taken is not None
    assert taken.cases == 3
    sit(people.gus, study).open()
    assert selectors.history(people.gus, study.pk) == []
