"""Is a study still what was locked? Asked at start and by `manage.py check_studies` (A3).

Upper apps add what they can say (proposals: the detector's weights) with `@integrity.also`.
"""

from collections.abc import Callable
from typing import Any

from readerstudy.studies import assembly, protocol, randomisation
from readerstudy.studies.allocation import Allocation, AllocationList
from readerstudy.studies.definition import NAMED_LATER, locked
from readerstudy.studies.models import Study
from readerstudy.studies.randomisation import Plan, ReaderSlot, Row
from readerstudy.studies.selectors import current_version, definition

Also = Callable[[Study], list[str]]
_also: list[Also] = []


def also(function: Also) -> Also:
    """Register a further check: what differs, in words."""
    if function not in _also:
        _also.append(function)
    return function


def check(study: Study) -> list[str]:
    """What differs from what was locked, in words; a draft has nothing to differ from."""
    study = Study.objects.get(pk=study.pk)
    if not study.protocol_versions.exists():
        return []
    found = [*_versions(study), *_definition(study), *_allocation(study)]
    return found + [words for function in _also for words in function(study)]


def rows_of(made: AllocationList) -> list[Row]:
    """The stored allocation as the pure rows it was made from."""
    stored = Allocation.objects.filter(list=made).values_list(
        "reader__code", "position", "case__code", "arm__key", "period", "sequence"
    )
    return sorted(Row(*values) for values in stored)


def remade(made: AllocationList) -> list[Row]:
    """The allocation made once more from its inputs and seed."""
    inputs = dict(made.inputs)
    inputs["readers"] = tuple(
        ReaderSlot(each["code"], tuple(each["stratum"])) for each in inputs["readers"]
    )
    for name in ("cases", "arms", "training", "block_sizes"):
        inputs[name] = tuple(inputs[name])
    return sorted(randomisation.allocate(Plan(**inputs), made.seed).rows)


def _versions(study: Study) -> list[str]:
    return [
        f"Protocol version {version.number} does not have the hash it was locked with."
        for version in study.protocol_versions.all()
        if protocol.sha256(version.document) != version.sha256
    ]


def _definition(study: Study) -> list[str]:
    version = current_version(study)
    if version is None:
        return []
    now = definition(study).as_dict()
    then = locked(version.document)
    said = set(now) - (NAMED_LATER - set(version.document))
    changed = sorted(name for name in said if then[name] != now[name])
    changed += [
        f"{kind} {code}"
        for kind, rows in (
            ("case", assembly.cases(study.cases.all())),
            ("reader", assembly.readers(study.readers.all())),
        )
        for code in _differing(version.document.get(f"{kind}s", []), rows)
    ]
    return [f"Changed since protocol version {version.number}: {name}." for name in changed]


def _differing(locked: list[dict[str, Any]], rows: list[dict[str, Any]]) -> list[str]:
    """Codes that are gone or differ; a withdrawal after the lock is no difference."""
    now = {row["code"]: row for row in rows}
    return [each["code"] for each in locked if now.get(each["code"]) != each]


def _allocation(study: Study) -> list[str]:
    made = AllocationList.objects.filter(study=study).first()
    if made is None:
        return ["The allocation is missing."]
    found = []
    rows = rows_of(made)
    published = {version.allocation_sha256 for version in study.protocol_versions.all()}
    if published != {made.sha256}:
        found.append("The allocation's hash is not the one that was published.")
    if randomisation.commitment(rows, made.seed) != made.sha256:
        found.append("The allocation's rows do not have the hash that was published.")
    if made.method == randomisation.METHOD and remade(made) != rows:
        found.append("The allocation's rows are not those that its seed makes.")
    return found
