"""S2: a blinded interim look tells nothing but what the plan foresees, and never which arm."""

import re
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from django.test import Client

from readerstudy.audit.models import Entry
from readerstudy.audit.services import canonical
from readerstudy.desk import forms
from readerstudy.proposals import bridge as detectors
from readerstudy.results import masking, services
from readerstudy.results.models import InterimLook, InterimMask
from readerstudy.studies import plan as plans
from readerstudy.studies import services as studies
from readerstudy.studies.definition import DesignDraft
from readerstudy.studies.models import Study
from readerstudy.web.problems import Problem
from tests import factories, proposing
from tests.cast import PASSWORD, People
from tests.integration.reads.conftest import sit

AT_ONCE = DesignDraft(kind="crossover", washout_days=0)
CASES = 4
Rows = list[dict[str, Any]]


def rows(*, gain: float = 3.0) -> Rows:
    """Three readers, eight cases, two arms: the AI arm rates diseased cases higher, and slower."""
    made = []
    for reader, case, arm in product(range(3), range(8), "AB"):
        truth = case % 2
        noise = (case * 7 + reader * 5 + (arm == "B") * 3) % 11
        rating = 40.0 + noise + truth * (6 + gain * (arm == "B"))
        made.append({"reader": f"R{reader}", "modality": arm, "case": f"C{case}", "truth": truth,
                     "rating": rating, "active_s": 30.0 + noise + 9 * (arm == "B")})  # fmt: skip
    return made


def exchanged(table: Rows) -> Rows:
    """The same study with its arms' names exchanged."""
    return [row | {"modality": {"A": "B", "B": "A"}[row["modality"]]} for row in table]


def test_s2_the_answer_is_the_same_whichever_arm_has_which_letter() -> None:
    """Arms that exchange names and letters give the same bytes: nothing else of an arm is used."""
    straight = masking.masked_look(rows(), {"A": "A", "B": "B"}, is_paired=True)
    crossed = masking.masked_look(exchanged(rows()), {"A": "B", "B": "A"}, is_paired=True)
    assert canonical(straight) == canonical(crossed)
    turned = masking.masked_look(rows(), {"A": "B", "B": "A"}, is_paired=True)
    assert [each["auc"] for each in turned["arms"]] == [
        each["auc"] for each in reversed(straight["arms"])
    ]
    assert straight["arms"][0]["auc"] != straight["arms"][1]["auc"]  # else nothing was compared


def test_s2_how_far_each_arm_is_and_the_order_of_reads_tell_nothing() -> None:
    """The control arm is ahead: only what was read in both counts, and counts are of the whole."""
    ahead = [row for row in rows() if row["modality"] == "A" or int(row["case"][1]) < 6]
    letters = {"A": "B", "B": "A"}
    told = masking.masked_look(ahead, letters, is_paired=True)
    both = [row for row in rows() if int(row["case"][1]) < 6]
    assert told == masking.masked_look(both[::-1], letters, is_paired=True)
    assert told["reads"] == 36
    assert [set(each) for each in told["arms"]] == [{"letter", "auc", "low", "high", "time_s"}] * 2


def test_s2_pooled_numbers_do_not_know_arms_at_all() -> None:
    assert masking.pooled_look(rows()) == masking.pooled_look(exchanged(rows()))
    assert "arms" not in masking.pooled_look(rows())


def test_s2_too_few_reads_are_refused_without_naming_an_arm() -> None:
    one_class = [row for row in rows() if row["truth"]]
    for table, letters in ((one_class, {"A": "A", "B": "B"}), ([], {"A": "A", "B": "B"})):
        with pytest.raises(Problem) as refused:
            masking.masked_look(table, letters, is_paired=True)
        assert refused.value.code == "results.too_few"
        with pytest.raises(Problem):
            masking.pooled_look(table)


@pytest.fixture
def plan() -> dict[str, Any]:
    return {**plans.default(), "interim": {"looks": 2, "form": "masked"}}


@pytest.fixture
def study(people: People, plan: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Study:
    """A running study that foresees two masked looks, read through in both arms."""
    monkeypatch.setattr(detectors, "card", lambda _detector: dict(proposing.CARD))
    monkeypatch.setattr(detectors, "default_detector", lambda: factories.DETECTOR)
    made = factories.draft_study(people, design=AT_ONCE, n_cases=CASES, readers=people.readers[:2])
    analyst = factories.user("anna")
    studies.grant_role(made, user=analyst, role="analyst", by=people.cora)
    studies.set_analysis_plan(made, plan=plan, by=people.cora)
    studies.lock(made, password=PASSWORD, by=people.cora)
    made = studies.start(Study.objects.get(pk=made.pk), by=people.cora)
    for place, reader in enumerate(people.readers[:2]):
        tab = sit(reader, made)
        for number in range(2 * CASES + 1):
            tab.open()
            tab.does("first_render")
            tab.mark(50)
            tab.answer_all(20 + 11 * ((number * 5 + place) % 7))
            tab.does("submit_asked")
            tab.flush()
            tab.sign()
            tab = tab.next_tab()
    return made


def looked(client: Client, address: str) -> str:
    """The page's content, without the token of its form."""
    text = client.get(address).content.decode().split("<main")[1]
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)


def test_s2_looks_are_counted_kept_and_audited(study: Study, people: People) -> None:
    first = services.look(study, reason="half way", by=people.stan)
    second = services.look(study, reason="nearly all", by=people.stan)
    assert (first.number, second.number) == (1, 2)
    assert first.numbers_sha256 == second.numbers_sha256  # same data, same letters
    with pytest.raises(Problem) as refused:
        services.look(study, reason="once more", by=people.stan)
    assert refused.value.code == "results.no_look_left"
    told = Entry.objects.filter(action="results.look")
    assert [entry.detail["number"] for entry in told] == [1, 2]
    assert not [entry for entry in told if "letter" in str(entry.detail)]
    assert InterimMask.objects.count() == 1


def test_s2_nobody_but_the_statistician_looks(
    study: Study, people: People, sign_in: Callable[..., Client]
) -> None:
    services.look(study, reason="as foreseen", by=people.stan)
    address = f"/studies/{study.pk}/results/interim/"
    for name, status in (("cora", 403), ("ada", 403), ("rae", 403), ("mallory", 404)):
        user = getattr(people, name)
        with pytest.raises(Problem) as refused:
            services.look(study, reason="curious", by=user)
        assert refused.value.status == status
        client = sign_in(user)
        assert client.get(address).status_code == status
        assert client.post(address, {"reason": "x"}).status_code == status
    analyst = sign_in(study.memberships.get(role="analyst").user)
    assert analyst.get(address).status_code == 403
    study.analysis_plan["interim"]["seen_by_analysts"] = True
    Study.objects.filter(pk=study.pk).update(analysis_plan=study.analysis_plan)
    assert b"Masked arm" in analyst.get(address).content
    assert analyst.post(address, {"reason": "me too"}).status_code == 403
    assert InterimLook.objects.count() == 1


def test_s2_the_page_tells_letters_and_nothing_of_an_arm(
    study: Study, people: People, sign_in: Callable[..., Client]
) -> None:
    client = sign_in(people.stan)
    address = f"/studies/{study.pk}/results/interim/"
    assert client.post(address, {"reason": ""}).status_code == 400
    assert client.post(address, {"reason": "as foreseen"}).status_code == 302
    shown = client.get(address).content.decode()
    for arm in study.arms.all():
        assert arm.name not in shown
        assert arm.get_mode_display() not in shown
    assert factories.DETECTOR not in shown
    assert "A \N{MINUS SIGN} B" in shown
    assert Entry.objects.filter(action="results.view_interim").count() == 1
    mask = InterimMask.objects.get(study=study)
    before = looked(client, address)
    keys = list(mask.letters)
    mask.letters = {keys[0]: mask.letters[keys[1]], keys[1]: mask.letters[keys[0]]}
    mask.save()
    assert looked(client, address) == before


def test_s2_without_a_foreseen_look_there_is_none(people: People) -> None:
    running = factories.running_study(people)
    with pytest.raises(Problem) as refused:
        services.look(running, reason="curious", by=people.stan)
    assert refused.value.code == "results.no_interim"


def test_s2_a_look_waits_for_its_share_of_reads(people: People, plan: dict[str, Any]) -> None:
    plan["interim"]["after_percent"] = 50
    draft = factories.draft_study(people)
    studies.set_analysis_plan(draft, plan=plan, by=people.cora)
    studies.lock(draft, password=PASSWORD, by=people.cora)
    running = studies.start(Study.objects.get(pk=draft.pk), by=people.cora)
    with pytest.raises(Problem) as refused:
        services.look(running, reason="early", by=people.stan)
    assert refused.value.code == "results.too_early"


def test_s2_the_plans_form_sets_looks_and_takes_them_away() -> None:
    base = {"hypothesis": "superiority", "margin": "0", "alpha": "0.05", "covariance": "jackknife",
            "random": "readers", "radius_mm": "10"}  # fmt: skip
    more = {"interim_looks": "1", "interim_form": "pooled", "interim_after": "40"}
    made = forms.plan(base | more, {})
    assert made["interim"] == {"looks": 1, "form": "pooled", "after_percent": 40,
                               "seen_by_analysts": False}  # fmt: skip
    assert "interim" not in forms.plan(base | {"interim_looks": "0"}, made)
    assert forms.plan(base, made)["interim"] == made["interim"]
