"""R3: marks and answers on the study's own scale, from the packet to the figures."""

import json
from typing import Any

import pytest

from readerstudy.reads.models import Mark
from readerstudy.results import services as results
from readerstudy.results import store
from readerstudy.results.models import Freeze
from readerstudy.studies import assembly, integrity, services
from readerstudy.studies.definition import DesignDraft, QuestionDraft
from readerstudy.studies.models import Study
from readerstudy.studies.scales import MarkScale
from tests import factories, kept, proposing
from tests.cast import PASSWORD, People
from tests.integration.reads.conftest import sit
from tests.scripted import Refused, Tab

LEVELS = ("surely none", "probably none", "unsure", "probable", "sure")
CHOICES = tuple({"value": str(n), "label": words} for n, words in enumerate(LEVELS, start=1))
QUESTIONS = (
    QuestionDraft(key="sure", text="How sure?", kind="scale", choices=CHOICES, is_primary=True),
    QuestionDraft(
        key="why", text="Why so sure?", kind="text", shown_if={"question": "sure", "equals": 5}
    ),
)


@pytest.fixture
def study(people: People) -> Study:
    """Marks on three levels, the primary question on five; no washout."""
    return kept.kept("a study of levels", lambda: _running(people))


def _running(people: People) -> Study:
    design = DesignDraft(kind="crossover", washout_days=0)
    made = factories.draft_study(people, design=design, with_proposals=True)
    services.set_questions(made, questions=QUESTIONS, by=people.cora)
    services.set_mark_scale(made, scale=MarkScale(levels=("low", "mid", "high")), by=people.cora)
    proposing.propose_for(made, proposing.found())
    services.lock(made, password=PASSWORD, by=people.cora)
    return services.start(Study.objects.get(pk=made.pk), by=people.cora)


def test_r3_marks_are_rated_on_the_studys_levels_and_on_nothing_else(
    people: People, study: Study
) -> None:
    tab = sit(people.rae, study)
    packet = tab.open()
    scale = {"levels": ["low", "mid", "high"], "low_label": "", "high_label": ""}
    assert packet["mark_scale"] == scale
    mark = tab.mark(rating=3)
    tab.flush()
    for wrong in (0, 4, 80, 1.5):
        tab.does("mark_rated", mark_id=mark, rating=wrong)
        with pytest.raises(Refused) as refused:
            tab.flush()
        assert (refused.value.status, refused.value.code) == (400, "reads.event")
        assert "from 1 to 3" in refused.value.body["detail"]
        tab.made.pop()
        tab.outbox.pop()
    assert Mark.objects.get(read=tab.read_id).rating == 3


def missing(tab: Tab) -> list[str]:
    """What a refused signature says is missing."""
    with pytest.raises(Refused) as refused:
        tab.sign()
    return [each["what"] for each in refused.value.body["missing"]]


def test_r3_a_level_answers_its_question_and_shows_what_hangs_on_it(
    people: People, study: Study
) -> None:
    tab = sit(people.rae, study)
    tab.open()
    tab.mark(rating=1)
    tab.does("answer_set", key="sure", value=6)
    tab.flush()
    assert missing(tab) == ["question:sure"]
    tab.does("answer_set", key="sure", value=5)
    tab.flush()
    assert missing(tab) == ["question:why"]
    tab.does("answer_set", key="why", value="ring")
    tab.flush()
    assert tab.sign()["signature"]


@pytest.mark.once  # other tests freeze on both databases; this is about numbers
def test_s1_levels_are_frozen_as_numbers_and_calls_begin_half_way_up(
    people: People, study: Study
) -> None:
    for reader in people.readers:
        tab = sit(reader, study)
        for number in range(9):  # one is the training case
            tab.open()
            tab.does("load_start", 0)
            tab.does("first_render")
            tab.mark(rating=1 + number % 3)
            tab.does("answer_set", key="sure", value=1 + number % 4)
            tab.flush()
            tab.sign()
            tab = tab.next_tab()
    closed = services.close(study, reason="all reads are in", by=people.cora)
    frozen = results.freeze(closed, by=people.stan)
    asked = results.ask_unblinding(frozen, reason="the plan's analysis", by=people.stan)
    results.grant_unblinding(asked, password=PASSWORD, by=people.cora)
    run = results.queue(Freeze.objects.get(pk=frozen.pk), by=people.stan)
    results.perform(run.pk)
    run.refresh_from_db()
    assert run.error == ""
    calls = run.numbers["decisions"]["calls"]
    assert {each["threshold"] for each in calls.values()} == {3.0}
    frozen.refresh_from_db()
    files = store.read(store.freeze_folder(frozen.pk), frozen.sha256)
    assert json.loads(files["plan.json"])["call_threshold"] == 3  # whoever computes it again


def test_a3_a_study_locked_before_there_were_scales_is_read_and_not_halted(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its document names neither the scale nor where questions stand: both are as usual."""
    whole = assembly.document

    def before(study: Study) -> dict[str, Any]:
        document = whole(study)
        del document["mark_scale"], document["hanging"]["questions"]
        return document

    monkeypatch.setattr(assembly, "document", before)
    study = factories.running_study(people)
    assert integrity.check(study) == []
    packet = sit(people.rae, study).open()
    assert packet["mark_scale"] == {"levels": [], "low_label": "", "high_label": ""}
    assert packet["hanging"]["questions"] == "below"
