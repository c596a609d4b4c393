"""What a protocol defines, apart from its cases and readers. Pure.

A `Definition` is what the coordinator's forms set, what is copied to a new draft, and what is
exported and imported as one YAML file. It checks itself: `problems` lists, in words, all that is
contradictory; what is merely missing is for `readiness` to say.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from typing import Any, Self

from readerstudy.imaging.options import Options as Deidentification
from readerstudy.imaging.protocol import Protocol as ImagingProtocol
from readerstudy.studies import plan as sap
from readerstudy.studies.explanations import Explanations
from readerstudy.studies.hanging import Hanging
from readerstudy.studies.scales import LIMITS, MarkScale, call_problems, level_problems

KINDS = ("rating", "scale", "choice", "multichoice", "number", "text")
RATED = ("rating", "scale")  # 0 to 100 on a slider; levels in order
MODES = ("control", "concurrent", "second_reader", "on_demand")
DESIGNS = ("parallel", "crossover", "sequential", "split_plot")
STRATA = ("experience", "site")
KEY = re.compile(r"[a-z][a-z0-9_-]{0,39}")
DETECTOR = re.compile(r"[\w.-]+@[\w.+-]+")
MAX_ARMS = 8
MAX_WASHOUT_DAYS = 730
MAX_BLOCK = 32
MAX_REPEATS = 1000
ADJUDICATIONS = ("third", "consensus")
# What a study had before its protocol document named it: a document without it says nothing of it.
NAMED_LATER = frozenset({"imaging_protocol", "truth_panel", "deidentification"})
MOMENTS = ("before", "session", "after")
MAX_PER_CENT = 100
MAX_TRAINING_CASES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionDraft:
    """A question as the coordinator writes it; its place is its place in the list."""

    key: str
    text: str
    kind: str
    help: str = ""
    choices: tuple[Mapping[str, str], ...] = ()
    low_label: str = ""
    high_label: str = ""
    minimum: float | None = None
    maximum: float | None = None
    is_required: bool = True
    is_primary: bool = False
    shown_if: Mapping[str, Any] = field(default_factory=dict)

    def problems(self) -> list[str]:
        """What is wrong with the question by itself."""
        found = []
        if not KEY.fullmatch(self.key):
            found.append("its key has lower-case letters, digits, - and _, from a letter on")
        if not self.text.strip():
            found.append("it has no text")
        if self.kind not in KINDS:
            found.append(f"its kind is one of {', '.join(KINDS)}")
        if self.is_primary and (self.kind not in RATED or not self.is_required or self.shown_if):
            found.append("the primary rating is a rating that is always asked and required")
        return [f"Question “{self.key}”: {words}." for words in found + self._of_kind()]

    def _of_kind(self) -> list[str]:
        if self.kind in ("choice", "multichoice"):
            values = [choice.get("value", "") for choice in self.choices]
            if len(values) < 2 or len(set(values)) < len(values) or not all(values):  # noqa: PLR2004 -- a choice
                return ["it needs two or more choices, each with a value of its own"]
        elif self.kind == "scale":
            values = [choice.get("value", "") for choice in self.choices]
            if values != [str(level) for level in range(1, len(values) + 1)]:
                return ["its levels have the values 1, 2, 3 and so on, the lowest first"]
            return level_problems([choice.get("label", "") for choice in self.choices])
        elif self.choices:
            return ["only choice and scale questions have choices"]
        if None not in (self.minimum, self.maximum) and self.minimum >= self.maximum:  # type: ignore[operator]
            return ["its minimum lies below its maximum"]
        return []


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionnaireDraft:
    """Questions to the reader about themself, the room or the study: never about a case.

    Attributes
    ----------
    moment : str
        "before" the first read, at the start of each "session", or "after" the last read.
    """

    key: str
    title: str
    moment: str
    questions: tuple[QuestionDraft, ...] = ()

    def problems(self) -> list[str]:
        """What is wrong with the questionnaire by itself."""
        found = []
        if not KEY.fullmatch(self.key):
            found.append("its key has lower-case letters, digits, - and _, from a letter on")
        if not self.title.strip():
            found.append("it has no title")
        if self.moment not in MOMENTS:
            found.append(f"its moment is one of {', '.join(MOMENTS)}")
        if not self.questions:
            found.append("it asks nothing")
        if any(each.is_primary for each in self.questions):
            found.append("the primary rating is asked with the cases")
        said = [f"Questionnaire “{self.key}”: {words}." for words in found]
        return said + question_problems(self.questions)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmDraft:
    """An arm as the coordinator sets it; `detector` is "name@version", empty in a control arm."""

    key: str
    name: str
    mode: str
    detector: str = ""

    def problems(self) -> list[str]:
        """What is wrong with the arm by itself."""
        found = []
        if not re.fullmatch("[A-Z]", self.key):
            found.append("its key is one capital letter")
        if not self.name.strip():
            found.append("it has no name")
        if self.mode not in MODES:
            found.append(f"its mode is one of {', '.join(MODES)}")
        elif self.mode == "control" and self.detector:
            found.append("a control arm has no detector")
        elif self.mode != "control" and not DETECTOR.fullmatch(self.detector):
            found.append("an AI arm names its detector as name@version")
        return [f"Arm {self.key}: {words}." for words in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignDraft:
    """How readers, cases and arms meet."""

    kind: str = "crossover"
    washout_days: int = 28
    block_sizes: tuple[int, ...] = (2, 4)
    strata: tuple[str, ...] = ("experience",)
    reader_blocks: int = 2
    repeats: int = 0  # cases that each reader reads again at the end (R13)

    def problems(self) -> list[str]:
        """What is wrong with the design by itself."""
        found = []
        if self.kind not in DESIGNS:
            found.append(f"The design is one of {', '.join(DESIGNS)}.")
        if not 0 <= self.washout_days <= MAX_WASHOUT_DAYS:
            found.append(f"The washout lies between 0 and {MAX_WASHOUT_DAYS} days.")
        if not self.block_sizes or not all(1 < size <= MAX_BLOCK for size in self.block_sizes):
            found.append(f"Give one or more block sizes between 2 and {MAX_BLOCK}.")
        if len(set(self.block_sizes)) < len(self.block_sizes):
            found.append("Give each block size once.")
        if set(self.strata) - set(STRATA) or len(set(self.strata)) < len(self.strata):
            found.append(f"Readers are stratified by {' and '.join(STRATA)}, each at most once.")
        if self.kind == "split_plot" and not 2 <= self.reader_blocks <= MAX_BLOCK:  # noqa: PLR2004 -- a split
            found.append("A split-plot design has two or more blocks.")
        if not 0 <= self.repeats <= MAX_REPEATS:
            found.append(f"Between 0 and {MAX_REPEATS} cases are read again.")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelDraft:
    """How many truth readers state each case, and who decides where two differ."""

    opinions: int = 1
    adjudication: str = "third"

    def problems(self) -> list[str]:
        """What is wrong with the panel by itself."""
        if self.opinions in (1, 2) and self.adjudication in ADJUDICATIONS:
            return []
        return ["The truth panel has one or two opinions, and a third or a consensus decides."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """Everything of a protocol that can be copied to another study."""

    name: str
    summary: str = ""
    design: DesignDraft = DesignDraft()
    arms: tuple[ArmDraft, ...] = ()
    questions: tuple[QuestionDraft, ...] = ()
    idle_limit_s: int = 60
    session_limit_min: int = 0  # no limit
    rest_min: int = 15
    coordinator_blinded: bool = True
    analysis_plan: Mapping[str, Any] = field(default_factory=dict)
    questionnaires: tuple[QuestionnaireDraft, ...] = ()
    pass_mark_percent: int = 0  # of training cases read right, to go on; 0: nobody is tested
    training_cases: int = 0  # of an attempt at training; 0: all of them
    test_cases: int = 0  # the last of an attempt, without feedback, alone count; 0: all count
    hanging: Hanging = field(default_factory=Hanging)
    imaging_protocol: ImagingProtocol = field(default_factory=ImagingProtocol)
    truth_panel: PanelDraft = PanelDraft()
    explanations: Explanations = field(default_factory=Explanations)
    lesion_classification: bool = False  # readers with AI are told of kinds of lesion
    deidentification: Deidentification = field(default_factory=Deidentification)
    mark_scale: MarkScale = field(default_factory=MarkScale)

    def problems(self) -> list[str]:
        """All that is contradictory in the definition, in words."""
        plan = dict(self.analysis_plan)
        return [
            *([] if self.name.strip() else ["The study needs a name."]),
            *self.design.problems(),
            *arm_problems(self.arms),
            *question_problems(self.questions),
            *questionnaire_problems(self.questionnaires),
            *training_problems(self.pass_mark_percent, self.training_cases, self.test_cases),
            *self.hanging.problems(),
            *self.truth_panel.problems(),
            *self.explanations.problems(),
            *self.mark_scale.problems(),
            *(sap.contradictions(plan) if plan else []),
            *call_problems(plan, self.questions),
        ]

    def as_dict(self) -> dict[str, Any]:
        """The definition as JSON values, members in the order of this file."""
        values = asdict(self) | {"imaging_protocol": self.imaging_protocol.as_dict()}
        return {name: _json(value) for name, value in values.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The definition that `as_dict` wrote; shape is checked by `protocol.parse` before.

        Raises
        ------
        ValueError
            In words, for limits of the imaging protocol that are no numbers.
        """
        values = dict(data)
        values["design"] = _design(values.get("design", {}))
        values["arms"] = tuple(ArmDraft(**arm) for arm in values.get("arms", ()))
        values["questions"] = tuple(question(each) for each in values.get("questions", ()))
        asked = values.get("questionnaires", ())
        values["questionnaires"] = tuple(questionnaire(each) for each in asked)
        values["hanging"] = Hanging.from_dict(values.get("hanging", {}))
        values["imaging_protocol"] = ImagingProtocol.of(values.get("imaging_protocol", {}))
        values["truth_panel"] = PanelDraft(**values.get("truth_panel", {}))
        values["explanations"] = Explanations.from_dict(values.get("explanations", {}))
        values["deidentification"] = Deidentification.of(values.get("deidentification", {}))
        values["mark_scale"] = MarkScale.from_dict(values.get("mark_scale", {}))
        return cls(**values)


def question(data: Mapping[str, Any]) -> QuestionDraft:
    """A question from JSON values."""
    values = dict(data)
    values["choices"] = tuple(dict(choice) for choice in values.get("choices", ()))
    return QuestionDraft(**values)


def questionnaire(data: Mapping[str, Any]) -> QuestionnaireDraft:
    """A questionnaire from JSON values."""
    values = dict(data)
    values["questions"] = tuple(question(each) for each in values.get("questions", ()))
    return QuestionnaireDraft(**values)


def questionnaire_problems(drafts: Sequence[QuestionnaireDraft]) -> list[str]:
    """What is wrong with the questionnaires, singly and together."""
    found = [words for each in drafts for words in each.problems()]
    if len({each.key for each in drafts}) < len(drafts):
        found.append("Each questionnaire has a key of its own.")
    return found


def training_problems(percent: int, cases: int, tests: int = 0) -> list[str]:
    """What is wrong with the mark that training is passed by, and with an attempt's cases."""
    found = []
    if not 0 <= percent <= MAX_PER_CENT:
        found.append("The pass mark lies between 0 (none) and 100 % of the training cases.")
    if not 0 <= cases <= MAX_TRAINING_CASES:
        found.append(f"An attempt has 0 (all) to {MAX_TRAINING_CASES} training cases.")
    if not 0 <= tests <= (cases or MAX_TRAINING_CASES):
        most = f"the {cases} cases" if cases else f"{MAX_TRAINING_CASES} cases"
        found.append(f"A test has 0 (none) to {most} of an attempt.")
    if tests and not percent:
        found.append("A test needs a pass mark: set one, or ask no test cases.")
    return found


@cache
def _defaults() -> str:
    """What a protocol document has where nothing was said, as JSON: each case that opens asks."""
    return json.dumps(Definition(name="").as_dict())


def locked(document: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a locked protocol document, with those that a later release added.

    What was added has its default in protocols that were locked before.
    """
    base = json.loads(_defaults())
    parts = {name: base[name] | dict(document.get(name, {})) for name in ("design", "hanging")}
    return {**base, **document, **parts}


def arm_problems(arms: Sequence[ArmDraft]) -> list[str]:
    """What is wrong with the arms, singly and together."""
    found = [words for arm in arms for words in arm.problems()]
    if len({arm.key for arm in arms}) < len(arms):
        found.append("Each arm has a key of its own.")
    if len(arms) > MAX_ARMS:
        found.append(f"A study has at most {MAX_ARMS} arms.")
    return found


def question_problems(questions: Sequence[QuestionDraft]) -> list[str]:
    """What is wrong with the questions, singly and together."""
    found = [words for each in questions for words in each.problems()]
    keys = [each.key for each in questions]
    if len(set(keys)) < len(keys):
        found.append("Each question has a key of its own.")
    if sum(each.is_primary for each in questions) > 1:
        found.append("Only one question is the primary rating.")
    for place, each in enumerate(questions):
        if each.shown_if and (
            set(each.shown_if) != {"question", "equals"}
            or each.shown_if["question"] not in keys[:place]
        ):
            found.append(f"Question “{each.key}” is shown by the answer to a question before it.")
        elif each.shown_if and not _can_be_met(each.shown_if, questions):
            found.append(f"Question “{each.key}” is shown by an answer that its question has not.")
    return found


def _can_be_met(rule: Mapping[str, Any], questions: Sequence[QuestionDraft]) -> bool:
    """Whether the question that another one hangs on has the answer that shows it."""
    parent = next(each for each in questions if each.key == rule["question"])
    values = {choice.get("value") for choice in parent.choices}
    if parent.kind == "scale":  # answered by a level's number
        return type(rule["equals"]) is int and str(rule["equals"]) in values
    return parent.kind != "choice" or rule["equals"] in values


def brain_metastasis_questions() -> tuple[QuestionDraft, ...]:
    """The usual set: likelihood of metastasis, what to do next, a comment."""
    choices = (
        {"value": "routine", "label": "Routine follow-up"},
        {"value": "short", "label": "Short-interval MRI"},
        {"value": "treat", "label": "Discuss treatment"},
    )
    return (
        QuestionDraft(
            key="likelihood",
            text="How sure are you that there is at least one metastasis?",
            kind="rating",
            low_label="Surely none",
            high_label="Surely present",
            minimum=LIMITS[0],
            maximum=LIMITS[1],
            is_primary=True,
        ),
        QuestionDraft(
            key="management", text="What would you do next?", kind="choice", choices=choices
        ),
        QuestionDraft(key="comment", text="Anything to add?", kind="text", is_required=False),
    )


def _design(data: Mapping[str, Any]) -> DesignDraft:
    values = dict(data)
    for name in ("block_sizes", "strata"):
        if name in values:
            values[name] = tuple(values[name])
    return DesignDraft(**values)


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _json(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [_json(each) for each in value]
    return value


QUESTION_FIELDS = tuple(each.name for each in fields(QuestionDraft))
ARM_FIELDS = tuple(each.name for each in fields(ArmDraft))
DESIGN_FIELDS = tuple(each.name for each in fields(DesignDraft))
