"""What the planning page is asked: a study that is not there yet, as plain numbers. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from readerstudy.web.problems import Invalid

DESIGNS = ("crossed", "parallel", "split-plot")
HYPOTHESES = ("superiority", "non_inferiority", "equivalence")
RANDOM = ("readers+cases", "cases", "readers")
VARIANCES = ("var_r", "var_tr", "var_error", "cov1", "cov2", "cov3")
MAX_CHOICES, MAX_READERS, MAX_CASES = 12, 500, 50_000
# A page's simulation is one choice of readers and cases: some seconds of one core at most.
SIMULATED, MAX_SIMULATED = 200, 10_000  # studies; reads in one arm of each

DEFAULTS: dict[str, str] = {
    "source": "auc", "auc": "0.85", "diseased": "0.5", "reader_range": "0.05",
    "effect": "0.04", "design": "crossed", "groups": "2", "hypothesis": "superiority",
    "margin": "0.05", "alpha": "0.05", "random": "readers+cases",
    "readers": "6, 8, 10, 12", "cases": "60, 100, 150, 200, 300", "target": "0.8",
    "n_cases": "100", "published": "van-dyke", "fom": "auc", "at": "",
    **dict.fromkeys(VARIANCES, "0"),
}  # fmt: skip
_NUMBERS = ("auc", "diseased", "reader_range", "effect", "margin", "alpha", "target", *VARIANCES)
_WORDS = {
    "auc": "The expected AUC", "diseased": "The share of cases with metastases",
    "reader_range": "The readers' range", "effect": "The difference", "margin": "The margin",
    "alpha": "The level", "target": "The power wanted", "var_r": "The readers' variance",
    "var_tr": "The variance of reader by arm", "var_error": "The error variance",
    "cov1": "Cov1", "cov2": "Cov2", "cov3": "Cov3",
}  # fmt: skip


def asked(form: Mapping[str, str]) -> dict[str, Any]:
    """The study that is asked about, checked; what the form leaves out is as in `DEFAULTS`.

    Raises
    ------
    Invalid
        400 with everything that is wrong.
    """
    typed = DEFAULTS | {name: form[name].strip() for name in DEFAULTS if form.get(name)}
    found: dict[str, Any] = {}
    problems = [*_choose(typed, found), *_numbers(typed, found)]
    for name, most in (("readers", MAX_READERS), ("cases", MAX_CASES)):
        try:
            found[name] = _whole(typed[name], most)
        except ValueError:
            problems.append(
                f"The numbers of {name} are up to {MAX_CHOICES} whole numbers from 1 to {most:,}, "
                "with commas between them."
            )
    for name, most in (("groups", 50), ("n_cases", MAX_CASES)):
        found[name] = int(typed[name]) if typed[name].isdecimal() else 0
        if not 0 < found[name] <= most:
            problems.append(f"“{typed[name]}” is no number of {name.removeprefix('n_')}.")
    found |= {"published": typed["published"], "fom": typed["fom"]}
    problems += _simulation(typed["at"], found)
    if problems:
        raise Invalid("results.planning", " ".join(problems), problems=problems)
    return found


def _choose(typed: Mapping[str, str], found: dict[str, Any]) -> Iterator[str]:
    known = {
        "source": ("auc", "published", "variances"),
        "design": DESIGNS,
        "hypothesis": HYPOTHESES,
        "random": RANDOM,
    }
    for name, values in known.items():
        found[name] = typed[name]
        if typed[name] not in values:
            yield f"The {name} is one of {', '.join(values)}."


def _numbers(typed: Mapping[str, str], found: dict[str, Any]) -> Iterator[str]:
    for name in _NUMBERS:
        try:
            found[name] = float(typed[name].replace(",", "."))
        except ValueError:
            yield f"{_WORDS[name]} is a number, not “{typed[name][:20]}”."
            continue
        if not abs(found[name]) < 1:
            yield f"{_WORDS[name]} lies below 1."


def _simulation(typed: str, found: dict[str, Any]) -> Iterator[str]:
    """The choice to be checked by simulation, "8x150" for 8 readers and 150 cases; none for ""."""
    found["at"] = None
    if not typed:
        return
    match = re.fullmatch(r"(\d{1,3})x(\d{1,5})", typed)
    if match is None:
        yield "What is to be simulated is written as 8x150, for 8 readers and 150 cases."
        return
    readers, cases = int(match[1]), int(match[2])
    found["at"] = (readers, cases)
    if readers * cases > MAX_SIMULATED:
        yield (
            f"Simulating {readers} readers and {cases} cases takes too long for a page: choose "
            f"readers times cases of up to {MAX_SIMULATED:,}, or run python -m analysis power "
            "--simulate."
        )


def _whole(typed: str, most: int) -> list[int]:
    values = sorted({int(each) for each in typed.replace(";", ",").split(",") if each.strip()})
    if not 0 < len(values) <= MAX_CHOICES or not 0 < values[0] <= values[-1] <= most:
        raise ValueError(typed)
    return values
