"""A4: truth readers state cases apart; what differs is decided; no reader reaches any of it."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from readerstudy.accounts.models import User
from readerstudy.audit.models import Entry
from readerstudy.imaging import packs, store
from readerstudy.imaging.models import Series
from readerstudy.studies import readiness
from readerstudy.studies import services as studies
from readerstudy.studies.models import Case, Study
from readerstudy.truth import selectors, services
from readerstudy.truth.models import Adjudication, Opinion, StandardVersion
from readerstudy.truth.services import LesionDraft
from readerstudy.web.problems import Problem
from tests import factories, kept
from tests.cast import People

ONE = LesionDraft(x_mm=10, y_mm=20, z_mm=30, diameter_mm=6, kind="metastasis")
NEAR = LesionDraft(x_mm=12, y_mm=20, z_mm=30, diameter_mm=8, kind="metastasis")  # 2 mm away
FAR = LesionDraft(x_mm=40, y_mm=20, z_mm=30, diameter_mm=6)


class Panel:
    """A draft study of two opinions: Tess and Tom state, Tia is the third."""

    def __init__(self, people: People, adjudication: str = "third") -> None:
        self.people = people
        self.tess = people.tess
        self.tom, self.tia = factories.user("tom"), factories.user("tia")
        self.study = studies.create_study(name="Two opinions", by=people.cora)
        for user in (self.tess, self.tom, self.tia):
            studies.grant_role(self.study, user=user, role="truth_reader", by=people.cora)
        studies.grant_role(self.study, user=people.stan, role="statistician", by=people.cora)
        studies.add_reader(self.study, user=people.rae, by=people.cora)
        services.set_panel(self.study, opinions=2, adjudication=adjudication, by=people.cora)
        self.case = self.new_case()

    def new_case(self) -> Case:
        made = factories.examination(self.study.collection)
        return studies.add_case(self.study, examination=made, by=self.people.cora)

    def states(self, by: User, *lesions: LesionDraft, case: Case | None = None) -> Opinion:
        status = "diseased" if lesions else "non_diseased"
        return services.state_opinion(
            case or self.case, status=status, lesions=lesions, evidence="follow_up", by=by
        )

    def decides(self, by: User, *lesions: LesionDraft) -> Adjudication:
        status = "diseased" if lesions else "non_diseased"
        return services.adjudicate(
            self.case, status=status, lesions=lesions, evidence="histology", reason="seen", by=by
        )


@pytest.fixture
def panel(people: People) -> Panel:
    return Panel(people)


def refusal(act: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(Problem) as refused:
        act()
    return refused.value.status, refused.value.code


def test_a4_two_that_agree_are_the_standard_at_their_mean(panel: Panel) -> None:
    panel.states(panel.tess, ONE)
    assert selectors.of_case(panel.case) is None
    panel.states(panel.tom, NEAR)
    standard = selectors.of_case(panel.case)
    assert standard is not None
    (lesion,) = selectors.lesions(standard)
    assert (lesion.x_mm, lesion.diameter_mm, lesion.kind) == (11, 7, "metastasis")
    (version,) = selectors.history(panel.case)
    assert (version.how, version.number) == ("agreement", 1)
    assert version.rule["radius_mm"] == 10


@pytest.mark.parametrize("second", [(), (FAR,), (ONE, FAR)])
def test_a4_another_status_place_or_number_is_a_disagreement(
    panel: Panel, second: tuple[LesionDraft, ...]
) -> None:
    panel.states(panel.tess, ONE)
    panel.states(panel.tom, *second)
    assert selectors.of_case(panel.case) is None
    codes = {each.code: each.words for each in readiness.missing(panel.study)}
    assert panel.case.code in codes["truth.adjudication"]
    assert "truth.opinions" not in codes


def test_c1_the_lock_names_cases_that_lack_an_opinion(panel: Panel) -> None:
    panel.states(panel.tess, ONE)
    other = panel.new_case()
    (words,) = [
        each.words for each in readiness.missing(panel.study) if each.code == "truth.opinions"
    ]
    assert panel.case.code in words
    assert other.code in words


def test_a4_the_second_opinion_is_blind_to_the_first(panel: Panel) -> None:
    panel.states(panel.tess, ONE)
    assert selectors.opinions_for(panel.case, panel.tom) == []
    assert [each.by for each in selectors.opinions_for(panel.case, panel.tess)] == [panel.tess]
    assert selectors.opinions_for(panel.case, panel.tia) == []
    panel.states(panel.tom, FAR)
    # Those who stated it go on seeing their own only: the third decides.
    assert [each.by for each in selectors.opinions_for(panel.case, panel.tess)] == [panel.tess]
    assert len(selectors.opinions_for(panel.case, panel.tia)) == 2


def test_a4_a_third_decides_and_none_of_the_two(panel: Panel) -> None:
    panel.states(panel.tess, ONE)
    assert refusal(lambda: panel.decides(panel.tia, ONE)) == (409, "truth.not_disputed")
    panel.states(panel.tom, FAR)
    for by in (panel.tess, panel.tom):
        assert refusal(lambda by=by: panel.decides(by, ONE)) == (403, "truth.not_yours_to_decide")
    panel.decides(panel.tia, ONE, FAR)
    standard = selectors.of_case(panel.case)
    assert standard is not None
    assert standard.lesions.count() == 2
    assert selectors.history(panel.case)[0].how == "third"
    assert refusal(lambda: panel.decides(panel.tia, ONE)) == (409, "truth.not_disputed")


def test_a4_a_consensus_takes_both(people: People) -> None:
    panel = Panel(people, "consensus")
    panel.states(panel.tess, ONE)
    panel.states(panel.tom, FAR)
    assert refusal(lambda: panel.decides(panel.tia, ONE)) == (403, "truth.not_yours_to_decide")
    first = panel.decides(panel.tess, ONE)
    assert selectors.of_case(panel.case) is None
    assert selectors.standing(panel.case, panel.tom).task == "confirm"
    for by in (panel.tess, panel.tia):
        refused = refusal(lambda by=by: services.confirm_consensus(first, by=by))
        assert refused == (403, "truth.not_yours_to_confirm")
    second = panel.decides(panel.tom, ONE, FAR)  # another proposal takes its place
    refused = refusal(lambda: services.confirm_consensus(first, by=panel.tom))
    assert refused == (409, "truth.other_proposal")
    services.confirm_consensus(second, by=panel.tess)
    assert selectors.history(panel.case)[0].how == "consensus"
    standard = selectors.of_case(panel.case)
    assert standard is not None
    assert standard.lesions.count() == 2


def test_a4_an_opinion_is_stated_once_and_withdrawn_only_before_it_was_compared(
    panel: Panel,
) -> None:
    mine = panel.states(panel.tess, ONE)
    assert refusal(lambda: panel.states(panel.tess, FAR)) == (409, "truth.stated")
    assert refusal(lambda: services.withdraw_opinion(mine, reason="x", by=panel.tom))[0] == 404
    assert refusal(lambda: services.withdraw_opinion(mine, reason=" ", by=panel.tess))[0] == 400
    services.withdraw_opinion(mine, reason="wrong case", by=panel.tess)
    again = panel.states(panel.tess, FAR)
    panel.states(panel.tom, ONE)
    refused = refusal(lambda: services.withdraw_opinion(again, reason="x", by=panel.tess))
    assert refused == (409, "truth.compared")
    assert refusal(lambda: panel.states(panel.tia, ONE)) == (409, "truth.enough")
    assert Opinion.objects.filter(case=panel.case).count() == 3  # the row of the withdrawn stays


def test_a4_nobody_sets_such_a_standard_past_the_two(panel: Panel) -> None:
    def sets() -> Any:
        return services.set_standard(
            panel.case, status="non_diseased", source="I say so", by=panel.people.cora
        )

    assert refusal(sets) == (409, "truth.panel")
    panel.states(panel.tess, ONE)
    change = {"opinions": 1, "adjudication": "third", "by": panel.people.cora}
    assert refusal(lambda: services.set_panel(panel.study, **change)) == (409, "truth.panel_begun")


@pytest.mark.parametrize(
    ("name", "status"), [("rae", 403), ("cora", 403), ("stan", 403), ("mallory", 404), ("max", 404)]
)
def test_a4_only_truth_readers_state(panel: Panel, name: str, status: int) -> None:
    by = getattr(panel.people, name)
    assert refusal(lambda: panel.states(by, ONE))[0] == status
    assert not Opinion.objects.exists()


def test_a1_the_record_says_who_acted_and_not_what_was_stated(panel: Panel) -> None:
    panel.states(panel.tess, ONE)
    panel.states(panel.tom)
    panel.decides(panel.tia, ONE)
    told = list(Entry.objects.filter(action__startswith="truth."))
    actions = [entry.action for entry in told if entry.object.startswith("case:")]
    assert actions == ["truth.state_opinion", "truth.state_opinion", "truth.opinions_differ",
                       "truth.adjudicate"]  # fmt: skip
    assert not [entry for entry in told if "diseased" in str(entry.detail)]


def test_one_opinion_is_the_standard_where_one_is_enough(people: People) -> None:
    study = studies.create_study(name="One opinion", by=people.cora)
    studies.grant_role(study, user=people.tess, role="truth_reader", by=people.cora)
    examination = factories.examination(study.collection)
    case = studies.add_case(study, examination=examination, by=people.cora)
    services.state_opinion(
        case, status="diseased", lesions=[ONE], evidence="histology", note="op 2024", by=people.tess
    )
    services.set_standard(case, status="non_diseased", source="a second look", by=people.cora)
    assert [each.how for each in selectors.history(case)] == ["set", "opinion"]
    standard = selectors.of_case(case)
    assert standard is not None
    assert standard.status == "non_diseased"
    assert StandardVersion.objects.get(number=1).source == "Histology (op 2024)"


def test_the_statistician_is_told_how_far_opinions_agree(panel: Panel) -> None:
    pairs = [((ONE,), (NEAR,)), ((ONE,), ()), ((), ()), ((ONE, FAR), (NEAR, FAR))]
    for first, second in pairs:
        case = panel.new_case()
        panel.states(panel.tess, *first, case=case)
        panel.states(panel.tom, *second, case=case)
    told = selectors.agreement(panel.study)
    assert told is not None
    assert (told["cases"], told["same_status"]) == (4, 3)
    assert (told["lesions"], told["shared"], told["in_one_only"]) == (7, 3, 1)
    assert told["positive_agreement"] == pytest.approx(6 / 7)
    assert told["mean_distance_mm"] == pytest.approx(4 / 3)
    # Scott's pi by hand: 5 of 8 calls are "diseased"; by chance 25/64 + 9/64 agree.
    assert told["kappa"].estimate == pytest.approx((3 / 4 - 34 / 64) / (1 - 34 / 64))
    assert told["diameter"].estimate == pytest.approx(4 / 3)


def address(name: str, study: Study, *more: Any) -> str:
    return reverse(f"desk:{name}", args=[study.pk, *more])


def test_a4_no_reader_reaches_a_page_of_the_truth(
    panel: Panel, sign_in: Callable[..., Client]
) -> None:
    panel.states(panel.tess, ONE)
    series = panel.case.examination.series.first()
    assert series is not None
    pages = [
        address("truth", panel.study),
        address("truth-case", panel.study, panel.case.pk),
        address("truth-agreement", panel.study),
        address("truth-picture", panel.study, panel.case.pk, series.pk, 0),
    ]
    for name, status in (("rae", 403), ("max", 404), ("mallory", 404), ("cora", 403)):
        client = sign_in(getattr(panel.people, name))
        assert [client.get(page).status_code for page in pages] == [status] * 4, name
    assert sign_in(panel.tess).get(pages[2]).status_code == 403
    assert sign_in(panel.people.stan).get(pages[1]).status_code == 403


def packed(series: Series) -> np.ndarray:
    """A pack in the store as intake would have written it: each slice of another grey."""
    shown = series.geometry
    assert shown is not None
    slices = np.arange(shown["frames"], dtype=shown["dtype"])[:, None, None] * 40
    slices = np.broadcast_to(slices, (shown["frames"], shown["rows"], shown["columns"]))
    order = packs.centre_out(shown["frames"])
    path = store.pack_path(series)
    path.parent.mkdir(parents=True)
    frames = b"".join(slices[number].tobytes() for number in order)
    path.write_bytes(packs.head(order, [slices[0].nbytes] * len(order)) + frames)
    return slices


def test_a4_a_truth_reader_gets_the_slice_that_was_asked_for_and_nobody_else_any(
    panel: Panel, sign_in: Callable[..., Client]
) -> None:
    series = panel.case.examination.series.first()
    other = panel.new_case().examination.series.first()
    assert series is not None
    assert other is not None
    slices = packed(series)
    packed(other)

    def of(number: int, shown: Series = series) -> str:
        return address("truth-picture", panel.study, panel.case.pk, shown.pk, number)

    tess = sign_in(panel.tess)
    for number in (0, len(slices) - 1):
        answer = tess.get(of(number), {"c": "40", "w": "160"})
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
        assert "no-store" in answer["Cache-Control"]
        grey = np.asarray(Image.open(BytesIO(answer.content)))
        wanted = np.rint(np.clip((slices[number] - 40.0) / 160 + 0.5, 0, 1) * 255)
        assert np.array_equal(grey, wanted)
    bad = [of(len(slices)), of(0, other), of(0) + "?c=x&w=1", of(0) + "?c=0&w=0"]
    assert [tess.get(page).status_code for page in bad] == [404] * 4
    for name in ("max", "mallory"):
        assert sign_in(getattr(panel.people, name)).get(of(0)).status_code == 404
    for user in (panel.people.rae, panel.people.cora, panel.people.stan, panel.people.ada):
        refused = sign_in(user).get(of(0))
        assert (refused.status_code, b"\x89PNG" in refused.content) == (403, False), user
    assert Client().get(of(0)).status_code == 302


def test_r1_a_truth_reader_sees_the_prior_named_as_such_and_its_slices(
    panel: Panel, sign_in: Callable[..., Client]
) -> None:
    before = factories.prior(panel.case, by=panel.people.cora)
    Case.objects.filter(pk=panel.case.pk).update(prior_days=92)
    series = Series.objects.filter(examination=before).first()
    assert series is not None
    packed(series)
    page = address("truth-case", panel.study, panel.case.pk)
    picture = address("truth-picture", panel.study, panel.case.pk, series.pk, 0)
    tess = sign_in(panel.tess)
    stacks = tess.get(page).context["stacks"]
    assert {each["prior"] for each in stacks} == {"", "prior, 92 days earlier"}
    assert str(series.pk) in {each["id"] for each in stacks if each["prior"]}
    assert tess.get(picture)["Content-Type"] == "image/png"
    for name in ("max", "mallory"):
        assert sign_in(getattr(panel.people, name)).get(picture).status_code == 404
    assert sign_in(panel.people.rae).get(picture).status_code == 403
    studies.set_prior(panel.case, examination=None, by=panel.people.cora)
    assert sign_in(panel.tess).get(picture).status_code == 404


def posted(*lesions: LesionDraft, **more: str) -> dict[str, Any]:
    names = ("x_mm", "y_mm", "z_mm", "diameter_mm", "kind")
    rows = {name: [str(getattr(each, name)) for each in lesions] for name in names}
    status = "diseased" if lesions else "non_diseased"
    return {"act": "state", "status": status, "evidence": "follow_up", **rows, **more}


def test_a4_the_pages_from_the_first_opinion_to_the_decision(
    panel: Panel, sign_in: Callable[..., Client]
) -> None:
    page = address("truth-case", panel.study, panel.case.pk)
    one = sign_in(panel.tess)
    assert b"truth-stacks" in one.get(page).content
    assert one.post(page, posted(ONE, evidence="")).status_code == 400
    assert one.post(page, posted(ONE)).status_code == 302
    assert b"10.0" in one.get(page).content
    two = sign_in(panel.tom)
    shown = two.get(page).content.decode()
    assert "data-opinion" not in shown  # the first opinion is not there
    assert "10.0" not in shown
    assert two.post(page, posted(FAR)).status_code == 302
    third = sign_in(panel.tia)
    shown = third.get(page).content.decode()
    assert shown.count("data-opinion") == 2
    assert Entry.objects.filter(action="truth.see_opinions", actor="tia").count() == 1
    decision = posted(ONE, act="adjudicate", reason="both looked at the follow-up")
    assert third.post(page, decision).status_code == 302
    assert b"Nothing waits" in third.get(address("truth", panel.study)).content
    stan = sign_in(panel.people.stan)
    assert b"Adjudicated by a third" in stan.get(address("truth-agreement", panel.study)).content
    cora = sign_in(panel.people.cora)
    assert b"Two opinions of each case" in cora.get(address("standard", panel.study)).content
    assert cora.get(address("standard-case", panel.study, panel.case.pk)).status_code == 404


def test_the_coordinator_asks_for_two_opinions_on_the_page(
    people: People, sign_in: Callable[..., Client]
) -> None:
    study = kept.draft_study(people)
    client = sign_in(people.cora)
    wanted = {"opinions": "2", "adjudication": "consensus"}
    assert client.post(address("standard-panel", study), wanted).status_code == 302
    assert selectors.panel(study).adjudication == "consensus"
    client.post(address("standard-panel", study), {"opinions": "7"})
    assert selectors.panel(study).opinions == 2
    codes = {each.code for each in readiness.missing(study)}
    assert "truth.opinions" in codes  # standards that were set before do not count
