"""The protocol as a document: canonical JSON with a hash, and one readable YAML file (C2, C11).

Pure. The YAML file holds a `Definition` (what can be copied to another study); the locked document
adds the cases and readers and says which software made it.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

from readerstudy.imaging import options
from readerstudy.imaging import protocol as imaging
from readerstudy.studies import definition, explanations, hanging, plan, scales
from readerstudy.studies.definition import Definition

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

FORMAT = "readerstudy protocol 5"
# Formats of releases before, with the members that they could not say: those are as usual.
OLDER: Mapping[str, frozenset[str]] = {
    "readerstudy protocol 4": frozenset({"mark_scale"}),
    "readerstudy protocol 3": frozenset({"mark_scale", "test_cases"}),
    "readerstudy protocol 2": frozenset({"mark_scale", "test_cases", "lesion_classification"}),
    "readerstudy protocol 1": frozenset(
        {"mark_scale", "test_cases", "lesion_classification", "deidentification", "training_cases"}
    ),
}
MAX_CHARACTERS = 256 * 1024


class UnreadableError(ValueError):
    """The file is not a protocol; `problems` says why, in words."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def canonical(document: Mapping[str, Any]) -> bytes:
    """The one byte string of a document: sorted members, no spaces, UTF-8 (after RFC 8785)."""
    text = json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def sha256(document: Mapping[str, Any]) -> str:
    """The hash that names a document."""
    return hashlib.sha256(canonical(document)).hexdigest()


def to_yaml(protocol: Definition) -> str:
    """The protocol as a YAML file: equal protocols give equal bytes, on any machine."""
    text: str = yaml.safe_dump(
        {"format": FORMAT, **protocol.as_dict()},
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=100,
        line_break="\n",
    )
    return text


def from_yaml(text: str) -> Definition:
    """The protocol of a YAML file.

    Raises
    ------
    UnreadableError
        With every problem found: not YAML, another format, unknown or missing members, values of
        the wrong kind, contradictions.
    """
    if len(text) > MAX_CHARACTERS:
        raise UnreadableError([f"A protocol has at most {MAX_CHARACTERS // 1024} KiB."])
    try:
        data = yaml.load(text, Loader=_PlainLoader)  # noqa: S506 -- a SafeLoader without aliases
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UnreadableError([f"This is not readable as YAML: {_first_line(error)}."]) from None
    return parse(data)


def parse(data: Any) -> Definition:
    """The protocol of parsed YAML or JSON, in this release's format or an older one.

    See `from_yaml` for what is refused.
    """
    name = str(data.get("format")) if isinstance(data, dict) else ""
    if name not in _UNSAID:
        known = " or ".join(f"“format: {each}”" for each in _UNSAID)
        raise UnreadableError([f"The file does not begin with {known}."])
    found = _validator(name).iter_errors(data)
    errors = sorted(found, key=lambda error: list(map(str, error.path)))
    if errors:
        raise UnreadableError([_words(error) for error in errors])
    try:
        protocol = Definition.from_dict({key: data[key] for key in data if key != "format"})
    except ValueError as error:
        raise UnreadableError([f"imaging_protocol: {error}."]) from None
    if problems := protocol.problems():
        raise UnreadableError(problems)
    return protocol


class _PlainLoader(yaml.SafeLoader):
    """Reads no aliases: they make a small file huge (and a protocol needs none)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse an alias before it is followed."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it has aliases")
        return super().compose_node(parent, index)


# A date in a text field shall stay the text that was written.
_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0].rstrip(".")


def _words(error: "ValidationError") -> str:
    where = ".".join(str(part) for part in error.path) or "protocol"
    return f"{where}: {error.message[:200]}."


def _object(required: tuple[str, ...], properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": dict(properties),
        "additionalProperties": False,
    }


def _text(longest: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": longest}


_NUMBER = {"type": ["number", "null"]}
_YES_NO = {"type": "boolean"}
_CHOICE = _object(("value", "label"), {"value": _text(60), "label": _text(120)})
_QUESTION = _object(
    ("key", "text", "kind"),
    {
        "key": _text(40),
        "text": _text(240),
        "kind": {"enum": list(definition.KINDS)},
        "help": _text(240),
        "choices": {"type": "array", "items": _CHOICE, "maxItems": 50},
        "low_label": _text(60),
        "high_label": _text(60),
        "minimum": _NUMBER,
        "maximum": _NUMBER,
        "is_required": _YES_NO,
        "is_primary": _YES_NO,
        "shown_if": {"type": "object"},
    },
)
_ARM = _object(
    ("key", "name", "mode"),
    {
        "key": _text(1),
        "name": _text(60),
        "mode": {"enum": list(definition.MODES)},
        "detector": _text(120),
    },
)
_DESIGN = _object(
    ("kind",),
    {
        "kind": {"enum": list(definition.DESIGNS)},
        "washout_days": {"type": "integer"},
        "block_sizes": {"type": "array", "items": {"type": "integer"}, "maxItems": 10},
        "strata": {"type": "array", "items": {"enum": list(definition.STRATA)}},
        "reader_blocks": {"type": "integer"},
        "repeats": {"type": "integer"},
    },
)
_QUESTIONNAIRE = _object(
    ("key", "title", "moment", "questions"),
    {
        "key": _text(40),
        "title": _text(120),
        "moment": {"enum": list(definition.MOMENTS)},
        "questions": {"type": "array", "items": _QUESTION, "maxItems": 50},
    },
)
_HANGING = _object(
    ("layout",),
    {
        "layout": {"enum": list(hanging.LAYOUTS)},
        "roles": {"type": "array", "items": {"enum": list(hanging.ROLES)}},
        "window": {"enum": list(hanging.WINDOWS)},
        "linked": {"type": "array", "items": {"enum": list(hanging.LINKS)}},
        "questions": {"enum": list(hanging.PLACES)},
    },
)
_DEMAND = _object(
    (),
    {
        "need": {"enum": list(imaging.NEEDS)},
        "words": {"type": "array", "items": _text(imaging.MAX_WORD), "maxItems": imaging.MAX_WORDS},
        "max_thickness_mm": _NUMBER,
        "max_gap_mm": _NUMBER,
        "min_matrix": _NUMBER,
        "max_pixel_mm": _NUMBER,
        "min_coverage_mm": _NUMBER,
        "orientation": {"enum": list(imaging.ORIENTATIONS)},
    },
)
_IMAGING_PROTOCOL = _object(
    (),
    {
        "sequences": _object((), dict.fromkeys(imaging.ROLES, _DEMAND)),
        "min_field_t": _NUMBER,
        "max_field_t": _NUMBER,
        "min_delay_s": _NUMBER,
        "max_delay_s": _NUMBER,
        "min_slices": {"type": "integer"},
        "max_tilt_degrees": {"type": "number"},
        "needs_agent": _YES_NO,
        "fails": {"type": "array", "items": {"enum": list(imaging.CHECKS)}},
    },
)
_TRUTH_PANEL = _object(
    ("opinions",),
    {
        "opinions": {"enum": [1, 2]},
        "adjudication": {"enum": list(definition.ADJUDICATIONS)},
    },
)
_EXPLANATIONS = _object(
    (), {each: {"enum": list(explanations.LEVELS)} for each in explanations.EXPERIENCES}
)
_DEIDENTIFICATION = _object(
    (),
    {
        "dates": {"enum": list(options.DATES)},
        "device": _YES_NO,
        "descriptors": _YES_NO,
        "private": _YES_NO,
    },
)
_MARK_SCALE = _object(
    (),
    {
        "levels": {"type": "array", "items": _text(scales.MAX_WORDS), "maxItems": 50},
        "low_label": _text(scales.MAX_WORDS),
        "high_label": _text(scales.MAX_WORDS),
    },
)
_MEMBERS: Mapping[str, Any] = {
    "name": _text(160),
    "summary": _text(20_000),
    "design": _DESIGN,
    "arms": {"type": "array", "items": _ARM, "maxItems": definition.MAX_ARMS},
    "questions": {"type": "array", "items": _QUESTION, "maxItems": 100},
    "idle_limit_s": {"type": "integer", "minimum": 10, "maximum": 3600},
    "session_limit_min": {"type": "integer", "minimum": 0, "maximum": 480},
    "rest_min": {"type": "integer", "minimum": 5, "maximum": 720},
    "coordinator_blinded": _YES_NO,
    "analysis_plan": {"anyOf": [{"type": "object", "maxProperties": 0}, plan.SCHEMA]},
    "questionnaires": {"type": "array", "items": _QUESTIONNAIRE, "maxItems": 20},
    "pass_mark_percent": {"type": "integer"},
    "training_cases": {"type": "integer"},
    "test_cases": {"type": "integer"},
    "hanging": _HANGING,
    "imaging_protocol": _IMAGING_PROTOCOL,
    "truth_panel": _TRUTH_PANEL,
    "explanations": _EXPLANATIONS,
    "lesion_classification": _YES_NO,
    "deidentification": _DEIDENTIFICATION,
    "mark_scale": _MARK_SCALE,
}


_UNSAID: Mapping[str, frozenset[str]] = {FORMAT: frozenset(), **OLDER}


def _schema(name: str) -> dict[str, Any]:
    """What a file of a format is like, which may lack some members of today's."""
    members = {key: value for key, value in _MEMBERS.items() if key not in _UNSAID[name]}
    required = ("format", "name", "design", "arms", "questions")
    return _object(required, {"format": {"const": name}, **members})


@cache
def _validator(name: str) -> "Draft202012Validator":
    """What checks a file of a format."""
    from jsonschema import Draft202012Validator  # slow to load, and most processes read no protocol

    return Draft202012Validator(_schema(name))


@cache
def _plan_validator() -> "Draft202012Validator":
    from jsonschema import Draft202012Validator

    return Draft202012Validator(plan.SCHEMA)


def plan_problems(data: Any) -> list[str]:
    """Why an analysis plan cannot be taken, in words."""
    errors = [_words(error) for error in _plan_validator().iter_errors(data)]
    return errors or plan.contradictions(data)
