"""The statistical analysis plan (SAP) as the protocol holds it: its shape and a sound default.

Pure. `results` turns a plan into calls of `analysis`; here it is only checked to be complete and
consistent, so that nothing is left to decide after the data are seen.
"""

import copy
import math
from collections.abc import Iterator
from typing import Any

DEFAULT: dict[str, Any] = {
    "version": 1,
    "primary": {
        "fom": "auc",
        "hypothesis": "superiority",
        "margin": 0.0,
        "alpha": 0.05,
        "method": "or",
        "covariance": "jackknife",
        "random": "readers+cases",
    },
    "matching": {
        "kind": "centroid",
        "radius_mm": 10.0,
        "one_to_one": True,
        "duplicates": "ignore",
    },
    "localisation": {"foms": ["wafroc", "sensitivity", "fp_per_case"]},
    "time": {"outcome": "active_s", "model": "log_mixed", "outliers": "none"},
}

_NUMBER = {"type": "number"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["primary", "matching"],
    "properties": {
        "version": {"const": 1},
        "primary": {
            "type": "object",
            "required": ["fom", "hypothesis", "margin", "alpha", "random"],
            "properties": {
                "fom": {"type": "string", "minLength": 1},
                "hypothesis": {"enum": ["superiority", "non_inferiority", "equivalence"]},
                "margin": {**_NUMBER, "minimum": 0, "maximum": 1},
                "alpha": {**_NUMBER, "exclusiveMinimum": 0, "maximum": 0.5},
                "method": {"enum": ["or", "dbm", "ustat"]},
                "covariance": {"enum": ["jackknife", "delong", "unbiased", "bootstrap"]},
                "random": {"enum": ["readers+cases", "readers", "cases"]},
            },
            "additionalProperties": False,
        },
        "matching": {
            "type": "object",
            "required": ["kind", "radius_mm"],
            "properties": {
                "kind": {"enum": ["centroid", "inside", "overlap"]},
                "radius_mm": {**_NUMBER, "exclusiveMinimum": 0, "maximum": 100},
                "one_to_one": {"type": "boolean"},
                "duplicates": {"enum": ["nl", "ignore", "best"]},
            },
            "additionalProperties": False,
        },
        "localisation": {"type": "object"},
        "time": {"type": "object"},
        "sensitivity": {"type": "object"},
        "interim": {  # blinded looks at data that are not locked (S2); none when left out
            "type": "object",
            "required": ["looks", "form"],
            "properties": {
                "looks": {"type": "integer", "minimum": 1, "maximum": 5},
                "form": {"enum": ["pooled", "masked"]},
                "after_percent": {"type": "integer", "minimum": 0, "maximum": 100},
                "seen_by_analysts": {"type": "boolean"},
            },
            "additionalProperties": False,
        },
        # From this rating on a read is a positive call; half way up the scale when left out.
        "call_threshold": _NUMBER,
        "notes": {"type": "string", "maxLength": 4000},
    },
    "additionalProperties": False,
}


def default() -> dict[str, Any]:
    """A plan of its own to edit: superiority in AUC, readers and cases random."""
    return copy.deepcopy(DEFAULT)


def contradictions(plan: dict[str, Any]) -> list[str]:
    """What a plan of the right shape says that does not fit together."""
    # NaN passes every limit of the schema, for it is neither below nor above; a file may say .nan.
    if odd := [name for name, value in _numbers(plan) if not math.isfinite(value)]:
        return [f"{name}: give a number." for name in odd]
    primary = plan["primary"]
    if primary["hypothesis"] != "superiority" and primary["margin"] <= 0:
        name = primary["hypothesis"].replace("_", "-")
        return [f"A test of {name} needs a margin above 0."]
    return []


def _numbers(part: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Every broken number of a plan, with its place."""
    if isinstance(part, float):
        yield name, part
    elif isinstance(part, dict | list):
        for key, value in part.items() if isinstance(part, dict) else enumerate(part):
            yield from _numbers(value, f"{name}.{key}" if name else str(key))
