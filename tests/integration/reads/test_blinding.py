"""R2: a control-arm reader's traffic tells nothing of proposals and truth (fault chapter F)."""

import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inference import known_table
from readerstudy.proposals.lesions import ProposedLesion
from readerstudy.reads import disclosure, tripwire
from readerstudy.reads.models import Read
from readerstudy.studies.explanations import EXPERIENCES
from readerstudy.studies.models import ProtocolVersion, Study
from readerstudy.truth.models import ReferenceStandard
from tests import proposing
from tests.cast import People
from tests.integration.reads import worlds
from tests.integration.reads.conftest import Sits
from tests.scripted import Refused, Tab, through

HIDDEN = (*map(worlds.canary_id, range(5)), str(uuid4()))


def past_training(tab: Tab) -> None:
    """Read the training case, so that the next read is a main one."""
    tab.read_and_sign()


@pytest.fixture
def reader(study: Study, sits: Sits) -> Any:
    """A reader whose first period is in the control arm, with the training behind them."""
    user = worlds.control_first(study)
    past_training(sits(user))
    return user


@pytest.mark.fault("F1")
@pytest.mark.fault("F5")
@pytest.mark.fault("F6")
def test_f1_three_worlds_send_the_same_bytes_and_ask_the_same_queries(
    study: Study, reader: Any
) -> None:
    traffic = {world: worlds.play(study, reader, world, HIDDEN) for world in worlds.WORLDS}
    worlds.same(traffic["nothing"], traffic["hidden"])
    worlds.same(traffic["nothing"], traffic["otherwise"])
    assert worlds.canaries_in(traffic["hidden"]) == []
    statuses = {each.status for each in traffic["hidden"]}
    assert {200, 201, 404} <= statuses
    signed = [each for each in traffic["hidden"] if each.request.endswith("/submit")]
    assert [each.status for each in signed if b"signature" in each.body] == [200, 200]


@pytest.mark.once  # about the test before it
def test_the_same_script_in_the_ai_arm_does_differ(study: Study, sits: Sits) -> None:
    """The comparison can fail: what the control arm must not show, the AI arm does."""
    user = worlds.aided_first(study)
    past_training(sits(user))
    nothing = worlds.play(study, user, "nothing", HIDDEN)
    hidden = worlds.play(study, user, "hidden", HIDDEN)
    with pytest.raises(AssertionError):
        worlds.same(nothing, hidden)
    assert worlds.canaries_in(hidden)


def test_r9_images_hang_by_the_protocol_alike_in_every_arm(
    study: Study, sits: Sits, reader: Any
) -> None:
    aided = worlds.aided_first(study)
    past_training(sits(aided))
    control, ai = sits(reader).open(), sits(aided).open()
    assert "ai" in ai and "ai" not in control  # noqa: PT018 -- the two halves of one fact
    document = study.protocol_versions.get().document
    assert control["hanging"] == ai["hanging"] == document["hanging"]
    assert control["hanging"]["layout"] == "auto"


@pytest.mark.fault("F2")
def test_f2_a_control_arm_request_asks_no_vault(study: Study, sits: Sits, reader: Any) -> None:
    with CaptureQueriesContext(connection) as asked:
        sits(reader).read_and_sign()
    vaults = re.compile("|".join(each.pattern for each in tripwire.VAULTS.values()))
    assert len(asked.captured_queries) > 20
    assert [each["sql"] for each in asked.captured_queries if vaults.search(each["sql"])] == []


@pytest.mark.fault("F2")
@pytest.mark.parametrize(
    "ask",
    [
        ProposedLesion.objects.count,
        lambda: ProposedLesion.objects.filter(run__detector="x").exists(),
        ReferenceStandard.objects.first,
        lambda: ReferenceStandard.objects.update(source="x"),
        lambda: connection.cursor().execute("SELECT 1 FROM truth_truthlesion"),
        lambda: connection.cursor().execute("SELECT seed FROM studies_allocationlist"),
    ],
)
def test_f2_the_tripwire_stops_a_query_of_a_vault(db: None, ask: Callable[[], Any]) -> None:
    ask()
    with tripwire.armed(), pytest.raises(tripwire.TrippedError):
        ask()


@pytest.mark.parametrize(
    ("mode", "stage", "is_asked"),
    [
        ("control", "only", True),
        ("second_reader", "unaided", True),
        ("", "only", True),
        ("on_demand", "only", False),
    ],
)
def test_f2_the_gate_of_the_proposals_has_its_own_rule(
    mode: str,
    stage: str,
    is_asked: bool,  # noqa: FBT001 -- parametrized
) -> None:
    with (
        pytest.raises(tripwire.TrippedError),
        tripwire.proposals_opened(mode=mode, stage=stage, is_asked=is_asked),
    ):
        pass


@pytest.mark.parametrize(
    ("period", "state", "stage"),
    [(1, "submitted", "only"), (0, "opened", "only"), (0, "submitted", "unaided")],
)
def test_f11_the_gate_of_the_truth_has_its_own_rule(period: int, state: str, stage: str) -> None:
    with (
        pytest.raises(tripwire.TrippedError),
        tripwire.truth_opened(period=period, state=state, stage=stage),
    ):
        pass


def test_f2_every_table_of_the_vaults_is_wired() -> None:
    tables = [
        model._meta.db_table
        for label in ("proposals", "truth")
        for model in apps.get_app_config(label).get_models()
    ]
    assert len(tables) >= 4
    for table in tables:
        assert any(wire.search(f'SELECT * FROM "{table}"') for wire in tripwire.VAULTS.values())
    innocent = 'SELECT "studies_case"."declared_without_proposals" FROM "studies_allocation"'
    assert not any(wire.search(innocent) for wire in tripwire.VAULTS.values())


@pytest.mark.fault("F3")
def test_f3_a_hidden_proposal_a_random_one_and_a_malformed_one_are_answered_alike(
    study: Study, sits: Sits, reader: Any
) -> None:
    worlds.fill_the_vault(study)
    tab = sits(reader)
    tab.open()
    answers = []
    for proposal in (HIDDEN[0], str(uuid4())):
        with CaptureQueriesContext(connection) as asked:
            tab.does("proposal_rejected", proposal=proposal)
            receipt = tab.flush()
        answers.append((sorted(receipt), len(asked.captured_queries)))
    assert answers[0] == answers[1]
    assert tab.reload()["draft"]["marks"] == []
    assert not Read.objects.get(pk=tab.read_id).decisions.exists()
    for address in (f"/api/proposals/{HIDDEN[0]}", f"/api/proposals/{uuid4()}"):
        with pytest.raises(Refused) as refused:
            tab.call("GET", address)
        assert refused.value.status == 404


@pytest.mark.fault("F9")
def test_f9_a_signed_read_is_not_shown_again(study: Study, sits: Sits) -> None:
    """Else a reader could look up period 1's proposals while reading period 2 unaided."""
    user = worlds.aided_first(study)
    past_training(sits(user))
    tab = sits(user)
    assert "ai" in tab.open()
    tab.read_case()
    tab.sign()
    with pytest.raises(Refused) as refused:
        tab.reload()
    assert (refused.value.status, refused.value.code) == (409, "reads.submitted")
    assert "ai" not in refused.value.body


def test_the_packet_of_an_ai_arm_shows_the_proposals(
    people: People, study: Study, sits: Sits
) -> None:
    user = worlds.aided_first(study)
    past_training(sits(user))
    ai = sits(user).open()["ai"]
    assert (ai["mode"], ai["state"]) == ("concurrent", "ready")
    assert ai["detector"]["name"] == "lesion-net"
    (proposal,) = ai["proposals"]
    assert proposal["label"] == "A"
    assert proposal["centroid_mm"] == [1.0, 1.0, 0.0]
    is_resident = user == people.rae
    words = "Bright and round, 8 mm across." if is_resident else "Bright and round."
    assert proposal["explanation"] == words


@pytest.mark.parametrize(("language", "words"), [("en", "Bright."), ("zh-hans", "明亮。")])
def test_an_explanation_is_told_in_the_readers_language(
    study: Study, sits: Sits, language: str, words: str
) -> None:
    user = worlds.aided_first(study)
    own = {"short": "Bright.", "full": "Bright.", "zh-hans": {"short": "明亮。", "full": "明亮。"}}
    ProposedLesion.objects.update(explanation=own)
    past_training(sits(user))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies.load({"language": language})
    (proposal,) = Tab(through(client), study.pk).open()["ai"]["proposals"]
    assert proposal["explanation"] == words


def explain_at(study: Study, level: str) -> None:
    """A protocol that explains at this level to everyone."""
    version = study.protocol_versions.get()
    document = version.document | {"explanations": dict.fromkeys(EXPERIENCES, level)}
    ProtocolVersion.objects.filter(pk=version.pk).update(document=document)


@pytest.mark.parametrize(
    ("level", "words"),
    [("none", ""), ("short", "Bright and round."), ("full", "Bright and round, 8 mm across.")],
)
def test_how_much_is_explained_is_the_protocols_by_experience(
    study: Study, sits: Sits, level: str, words: str
) -> None:
    user = worlds.aided_first(study)
    explain_at(study, level)
    past_training(sits(user))
    tab = sits(user)
    ai = tab.open()["ai"]
    (proposal,) = ai["proposals"]
    assert ai["explanations"] == level
    assert proposal["explanation"] == words
    assert proposal["has_heat_map"] == (level == "full")
    assert proposal["has_known_lesions"] == (level == "full")
    address = f"/api/reads/{tab.read_id}"
    if level == "full":
        found = tab.call("GET", f"{address}/heat-maps")["heat_maps"]
        assert found == {proposal["id"]: proposing.HEAT_MAP}
        return
    for what in ("heat-maps", "known-lesions"):
        with pytest.raises(Refused) as refused:
            tab.call("GET", f"{address}/{what}")
        assert refused.value.status == 404


def test_the_known_lesions_most_like_a_proposal_are_sent_as_pictures(
    study: Study, sits: Sits
) -> None:
    user = worlds.aided_first(study)
    explain_at(study, "full")
    past_training(sits(user))
    tab = sits(user)
    (proposal,) = tab.open()["ai"]["proposals"]
    sent = tab.call("GET", f"/api/reads/{tab.read_id}/known-lesions")
    assert sent["nearest"] == {proposal["id"]: [5, 0]}  # the nearest first
    assert set(sent["pictures"]) == {"0", "5"}
    for number, picture in sent["pictures"].items():
        row = known_table.rows(known_table.newest())[int(number)]
        assert (picture["kind"], picture["diameter_mm"]) == (row["kind"], float(row["diameter_mm"]))
        assert b64decode(picture["png"]).startswith(b"\x89PNG")


@pytest.mark.parametrize("alike", [{}, {"rows": [1], "table": "of a release before"}])
def test_an_explanation_by_another_table_has_no_pictures(
    study: Study, sits: Sits, alike: dict[str, Any]
) -> None:
    user = worlds.aided_first(study)
    explain_at(study, "full")
    ProposedLesion.objects.update(explanation={"full": "Bright.", "alike": alike})
    past_training(sits(user))
    tab = sits(user)
    (proposal,) = tab.open()["ai"]["proposals"]
    assert proposal["has_known_lesions"] is False
    sent = tab.call("GET", f"/api/reads/{tab.read_id}/known-lesions")
    assert sent == {"pictures": {}, "nearest": {proposal["id"]: []}}


@pytest.mark.parametrize(
    ("level", "language", "words"),
    [
        ("none", "en", None),
        ("short", "en", proposing.KIND["short"]),
        ("full", "en", proposing.KIND["full"]),
        ("full", "zh-hans", proposing.KIND["zh-hans"]["full"]),
    ],
)
def test_what_kind_of_lesion_it_may_be_is_told_at_the_level_of_the_explanation(
    study: Study, sits: Sits, level: str, language: str, words: str | None
) -> None:
    user = worlds.aided_first(study)
    version = study.protocol_versions.get()
    assert version.document["lesion_classification"] is True
    explain_at(study, level)
    past_training(sits(user))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies.load({"language": language})
    (proposal,) = Tab(through(client), study.pk).open()["ai"]["proposals"]
    assert proposal.get("kind") == words


def test_no_kind_of_lesion_is_told_where_the_protocol_does_not_say_so(
    study: Study, sits: Sits
) -> None:
    user = worlds.aided_first(study)
    version = study.protocol_versions.get()
    document = {k: v for k, v in version.document.items() if k != "lesion_classification"}
    ProtocolVersion.objects.filter(pk=version.pk).update(document=document)  # of a release before
    past_training(sits(user))
    (proposal,) = sits(user).open()["ai"]["proposals"]
    assert "kind" not in proposal
    assert "If this is a lesion" not in str(proposal)


def test_of_a_proposal_without_an_answer_an_empty_kind_is_sent(study: Study, sits: Sits) -> None:
    user = worlds.aided_first(study)
    ProposedLesion.objects.update(classification={})
    past_training(sits(user))
    (proposal,) = sits(user).open()["ai"]["proposals"]
    assert proposal["kind"] == ""


@pytest.mark.parametrize("what", ["heat-maps", "known-lesions"])
def test_heat_maps_and_pictures_of_a_signed_read_are_not_shown_again(
    study: Study, sits: Sits, what: str
) -> None:
    user = worlds.aided_first(study)
    past_training(sits(user))
    tab = sits(user)
    tab.open()
    tab.read_case()
    tab.sign()
    with pytest.raises(Refused) as refused:
        tab.call("GET", f"/api/reads/{tab.read_id}/{what}")
    assert (refused.value.status, refused.value.code) == (409, "reads.submitted")


@pytest.mark.fault("F2")
@pytest.mark.parametrize("what", ["heat-maps", "known-lesions"])
def test_f2_a_control_arm_is_answered_as_where_there_is_none_and_asks_no_vault(
    study: Study, sits: Sits, reader: Any, what: str
) -> None:
    tab = sits(reader)
    tab.open()
    with CaptureQueriesContext(connection) as asked, pytest.raises(Refused) as refused:
        tab.call("GET", f"/api/reads/{tab.read_id}/{what}")
    with pytest.raises(Refused) as nothing:
        tab.call("GET", f"/api/reads/{uuid4()}/{what}")
    assert (refused.value.status, refused.value.body) == (404, nothing.value.body)
    assert not [q for q in asked.captured_queries if "proposals_" in q["sql"]]


@pytest.mark.fault("B8")
def test_b8_without_a_result_the_ai_arm_says_not_available_never_no_lesions(
    study: Study, sits: Sits
) -> None:
    worlds.empty_the_vault(study)
    user = worlds.aided_first(study)
    past_training(sits(user))
    ai = sits(user).open()["ai"]
    assert (ai["state"], ai["proposals"]) == ("not_available", [])


def test_the_one_gate_is_the_only_door_to_proposals_and_says_so(study: Study) -> None:
    assert disclosure.__doc__ is not None
    assert "only module" in disclosure.__doc__
