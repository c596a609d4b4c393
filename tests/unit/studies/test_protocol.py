"""The protocol as one readable file, and what is refused in it."""

from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.imaging.options import Options
from readerstudy.imaging.protocol import Protocol
from readerstudy.studies import plan, protocol, scales
from readerstudy.studies.definition import (
    ArmDraft,
    Definition,
    DesignDraft,
    PanelDraft,
    QuestionDraft,
    arm_problems,
    brain_metastasis_questions,
    question_problems,
)
from readerstudy.studies.hanging import Hanging

SURE = tuple({"value": str(n), "label": f"level {n}"} for n in range(1, 6))

WHOLE = Definition(
    name="Metastases with AI: “does it help?”",
    summary="Zwei Arme.\n\nYes: no\n# not a comment\n",
    design=DesignDraft(kind="crossover", washout_days=35, block_sizes=(4, 2), strata=("site",)),
    arms=(
        ArmDraft(key="A", name="Unaided", mode="control"),
        ArmDraft(key="B", name="With AI", mode="second_reader", detector="lesion-net@1.0"),
    ),
    questions=(
        *brain_metastasis_questions(),
        QuestionDraft(
            key="size", text="Largest, mm", kind="number", minimum=0.5, is_required=False,
            shown_if={"question": "management", "equals": "treat"},
        ),
        QuestionDraft(key="quality", text="How good are the images?", kind="scale", choices=SURE),
        QuestionDraft(
            key="worse", text="What is worst?", kind="text",
            shown_if={"question": "quality", "equals": 1},
        ),
    ),
    idle_limit_s=45,
    coordinator_blinded=False,
    analysis_plan=plan.default(),
    imaging_protocol=Protocol(min_field_t=1.5, needs_agent=True),
    truth_panel=PanelDraft(opinions=2),
    pass_mark_percent=80,
    training_cases=4,
    test_cases=2,
    lesion_classification=True,
    deidentification=Options(dates="shift", device=True, descriptors=False),
    mark_scale=scales.MarkScale(levels=("unsure", "probable", "sure")),
    hanging=Hanging(questions="beside"),
)  # fmt: skip


def test_c11_a_protocol_comes_back_from_its_file() -> None:
    assert protocol.from_yaml(protocol.to_yaml(WHOLE)) == WHOLE


def test_c11_the_file_is_stable_to_the_byte() -> None:
    text = protocol.to_yaml(WHOLE)
    assert protocol.to_yaml(protocol.from_yaml(text)) == text
    assert text.startswith("format: readerstudy protocol 5\nname: ")
    assert "washout_days: 35" in text


def test_c11_a_file_of_the_format_before_is_read_and_says_nothing_of_what_came_later() -> None:
    values, said = WHOLE.as_dict(), WHOLE
    for version, gone in (
        (4, {"mark_scale": scales.MarkScale()}),
        (3, {"test_cases": 0}),
        (2, {"lesion_classification": False}),
        (1, {"deidentification": Options(), "training_cases": 0}),
    ):
        name = {"format": f"readerstudy protocol {version}"}
        later = yaml.safe_dump(name | values)  # with a member that the format has not
        with pytest.raises(protocol.UnreadableError, match=next(iter(gone))):
            protocol.from_yaml(later)
        values = {key: value for key, value in values.items() if key not in gone}
        said = replace(said, **gone)
        read = protocol.from_yaml(yaml.safe_dump(name | values, sort_keys=False))
        assert read == said
        assert "format: readerstudy protocol 5" in protocol.to_yaml(read)


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)


@given(name=texts.filter(str.strip), summary=texts, label=texts)
def test_c11_any_words_survive_the_file(name: str, summary: str, label: str) -> None:
    source = Definition(
        name=name,
        summary=summary,
        questions=(QuestionDraft(key="q", text="x" + label, kind="rating", low_label=label),),
    )
    assert protocol.from_yaml(protocol.to_yaml(source)) == source


def test_the_hash_names_the_document() -> None:
    document = WHOLE.as_dict()
    same = dict(reversed(document.items()))
    assert protocol.sha256(same) == protocol.sha256(document)
    assert protocol.sha256(document | {"idle_limit_s": 46}) != protocol.sha256(document)


CONTROL = {"key": "A", "name": "Unaided", "mode": "control"}


def data(**changes: object) -> dict[str, object]:
    return {"format": protocol.FORMAT, **WHOLE.as_dict(), **changes}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "does not begin with"),
        ("[1, 2]", "does not begin with"),
        ("a: [", "not readable as YAML"),
        ("a: !!python/object:os.system x", "not readable as YAML"),
        ("x: &a [1]\ny: *a", "aliases"),
        ("format: readerstudy protocol 6", "does not begin with"),
        ("format: [readerstudy protocol 1]", "does not begin with"),
        ("x" * 300_000, "at most 256 KiB"),
        ("[" * 5000, "not readable as YAML"),
    ],
)
def test_a_file_that_is_no_protocol_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(protocol.UnreadableError, match=words):
        protocol.from_yaml(text)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"is_staff": True}, "is_staff"),
        ({"name": 5}, "name: 5 is not of type"),
        ({"name": "  "}, "needs a name"),
        ({"design": {"kind": "latin"}}, "design.kind"),
        ({"design": {"kind": "crossover", "washout_days": -1}}, "washout"),
        (
            {"arms": [{"key": "A", "name": "x", "mode": "control", "detector": "d@1"}]},
            "no detector",
        ),
        ({"arms": [{**CONTROL, "mode": "concurrent"}]}, "name@version"),
        ({"analysis_plan": {"primary": {}}}, "analysis_plan"),
        ({"idle_limit_s": 5}, "idle_limit_s"),
        ({"truth_panel": {"opinions": 3}}, "truth_panel.opinions"),
        ({"test_cases": 5}, "0 .none. to the 4 cases of an attempt"),
        ({"test_cases": -1}, "0 .none. to the 4 cases of an attempt"),
        ({"training_cases": 0, "test_cases": 1001}, "to 1000 cases of an attempt"),
        ({"pass_mark_percent": 0}, "A test needs a pass mark"),
        ({"test_cases": "2"}, "test_cases: '2' is not of type"),
        ({"deidentification": {"dates": "keep"}}, "deidentification.dates"),
        ({"deidentification": {"device": 1}}, "deidentification.device"),
        ({"deidentification": {"faces": True}}, "faces"),
        ({"imaging_protocol": {"sequences": {"pet": {}}}}, "pet"),
        ({"mark_scale": {"levels": ["one"]}}, "has 2 to 10 levels"),
        ({"mark_scale": {"levels": ["a", "b"], "low_label": "no"}}, "no words at 0 and 100"),
        ({"mark_scale": {"levels": ["a", "b" * 61]}}, "mark_scale.levels.1"),
        ({"hanging": {"layout": "auto", "questions": "above"}}, "hanging.questions"),
        ({"imaging_protocol": {"min_slices": -1}}, "imaging_protocol: min_slices is a number"),
    ],
)
def test_g2_unknown_members_and_bad_values_are_refused_by_name(
    changes: dict[str, object], words: str
) -> None:
    with pytest.raises(protocol.UnreadableError, match=words):
        protocol.from_yaml(yaml.safe_dump(data(**changes)))


def test_every_problem_of_a_file_is_said_at_once() -> None:
    with pytest.raises(protocol.UnreadableError) as refused:
        protocol.from_yaml(yaml.safe_dump(data(name=5, idle_limit_s=5, extra=1)))
    assert len(refused.value.problems) == 3


def ask(**changes: object) -> QuestionDraft:
    fields: dict[str, object] = {"key": "q", "text": "Well?", "kind": "rating"}
    return QuestionDraft(**(fields | changes))


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (ask(key="Q 1"), "its key"),
        (ask(text=" "), "no text"),
        (ask(kind="slider"), "its kind"),
        (ask(kind="choice"), "two or more choices"),
        (ask(kind="choice", choices=({"value": "a"}, {"value": "a"})), "of its own"),
        (ask(choices=({"value": "a"}, {"value": "b"})), "only choice"),
        (ask(minimum=5, maximum=5), "minimum lies below"),
        (ask(kind="text", is_primary=True), "primary rating"),
        (ask(kind="scale", choices=SURE[:1]), "2 to 10 levels"),
        (ask(kind="scale", choices=SURE[::-1]), "the lowest first"),
        (ask(kind="scale", choices=tuple(each | {"label": "x"} for each in SURE)), "of its own"),
        (ask(is_primary=True, is_required=False), "primary rating"),
        (ask(shown_if={"question": "later", "equals": 1}), "a question before it"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(question: QuestionDraft, words: str) -> None:
    assert any(words in line for line in question_problems([question]))


def test_questions_do_not_share_keys_and_one_is_primary() -> None:
    found = question_problems([ask(is_primary=True), ask(is_primary=True)])
    assert any("key of its own" in line for line in found)
    assert any("Only one" in line for line in found)
    assert question_problems(brain_metastasis_questions()) == []


def test_c1_a_scale_of_levels_may_be_the_primary_rating_and_carry_a_condition() -> None:
    sure = ask(kind="scale", choices=SURE, is_primary=True)
    why = ask(key="why", kind="text", shown_if={"question": "q", "equals": 5})
    assert question_problems([sure, why]) == []
    for wrong in (6, "5", True):
        missed = replace(why, shown_if={"question": "q", "equals": wrong})
        assert any("its question has not" in line for line in question_problems([sure, missed]))


def test_r3_a_scale_holds_its_levels_or_0_to_100() -> None:
    levels = scales.MarkScale(levels=("unsure", "probable", "sure"))
    assert [levels.holds(each) for each in (0, 1, 2.5, 3, 4)] == [False, True, False, True, False]
    assert [scales.MarkScale().holds(each) for each in (-1, 0, 62.5, 100, 101)] == [
        False, True, True, True, False,
    ]  # fmt: skip
    sure, likely = ask(kind="scale", choices=SURE, is_primary=True), ask(is_primary=True)
    assert [scales.middle_of(each) for each in ([sure], [likely], [])] == [3, 50, 50]


@pytest.mark.parametrize(("begins", "is_on"), [(2, True), (5, True), (1, False), (50, False)])
def test_s10_where_calls_begin_lies_on_the_primary_questions_scale(
    begins: float, *, is_on: bool
) -> None:
    plan_of = plan.default() | {"call_threshold": begins}
    sure = ask(kind="scale", choices=SURE, is_primary=True)
    found = Definition(name="S", questions=(sure,), analysis_plan=plan_of).problems()
    assert (not any("Calls are positive" in words for words in found)) is is_on


def test_arms_do_not_share_keys() -> None:
    arm = ArmDraft(key="A", name="x", mode="control")
    assert arm_problems([arm, arm]) == ["Each arm has a key of its own."]


def test_a_plan_of_non_inferiority_needs_a_margin() -> None:
    wanted = plan.default()
    wanted["primary"]["hypothesis"] = "non_inferiority"
    assert protocol.plan_problems(wanted) == ["A test of non-inferiority needs a margin above 0."]
    wanted["primary"]["margin"] = 0.05
    assert protocol.plan_problems(wanted) == []


def test_a_plan_has_no_broken_number_anywhere() -> None:
    broken = plan.default()
    broken["primary"]["margin"] = float("nan")
    broken["sensitivity"] = {"idle_limits_s": [30, float("inf")]}
    expected = ["primary.margin: give a number.", "sensitivity.idle_limits_s.1: give a number."]
    assert protocol.plan_problems(broken) == expected


def test_the_default_plan_is_sound_and_a_copy() -> None:
    first = plan.default()
    first["primary"]["alpha"] = 0.9
    assert protocol.plan_problems(plan.default()) == []
    assert protocol.plan_problems(first) != []
