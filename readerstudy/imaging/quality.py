"""The acquisition quality check: an examination against its study's protocol, in words. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from readerstudy.imaging.geometry import Stack, normal
from readerstudy.imaging.protocol import EXPECTED, REQUIRED, Demand, Protocol

GAP_TOLERANCE = 0.15
PASS, WARN, FAIL = "pass", "warn", "fail"
_NAMES: Mapping[str, str] = {
    "t1c": "T1 with contrast", "t1": "T1", "t2": "T2", "flair": "FLAIR", "ct": "CT",
}  # fmt: skip
_ACROSS = ("sagittal", "coronal", "axial")  # which axis of the patient the slices' normal follows


@dataclass(frozen=True)
class Checked:
    """A series as the check sees it; `acquisition` as `hints.ACQUISITION` names it."""

    role: str
    name: str
    stack: Stack
    frame_of_reference: str
    acquisition: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """One finding: how bad, which check, and words."""

    verdict: str
    check: str
    words: str

    def as_dict(self) -> dict[str, str]:
        """As it is kept with the examination."""
        return {"verdict": self.verdict, "check": self.check, "words": self.words}


def findings(series: Sequence[Checked], protocol: Protocol | None = None) -> list[Finding]:
    """All findings on an examination's series."""
    rules = protocol or Protocol()
    read = [each for each in series if each.role in rules.sequences]  # others nobody is shown
    found = list(_sequences({each.role for each in read}, rules))
    for each in read:
        said = [
            *_slices(each, rules),
            *_demands(each, rules.sequences[each.role]),
            *_acquisition(each, rules),
        ]
        found += [
            Finding(FAIL if check in rules.fails else WARN, check, f"{each.name}: {words}")
            for check, words in said
        ]
    if len({each.frame_of_reference for each in read}) > 1:
        words = "Series do not share a frame of reference: linked scrolling may be off."
        verdict = FAIL if "frame_of_reference" in rules.fails else WARN
        found.append(Finding(verdict, "frame_of_reference", words))
    return found


def _sequences(roles: set[str], rules: Protocol) -> Iterator[Finding]:
    """A CT alone answers for itself: MR sequences are asked of MR examinations."""
    is_ct = roles == {"ct"}
    for need, verdict in ((REQUIRED, FAIL), (EXPECTED, WARN)):
        for role, demand in rules.sequences.items():
            if demand.need == need and role not in roles and not (is_ct and role != "ct"):
                yield Finding(verdict, "sequences", f"There is no {_NAMES[role]} series.")


Said = Iterator[tuple[str, str]]


def _slices(series: Checked, rules: Protocol) -> Said:
    stack = series.stack
    for words in stack.problems:
        yield "geometry", f"{words}."
    tilt = series.acquisition.get("tilt_degrees") or 0.0
    if abs(tilt) > rules.max_tilt_degrees:
        yield "tilt", f"the gantry was tilted by {tilt:.0f} degrees."
    if len(stack.frames) < rules.min_slices:
        yield "slices", f"it has only {len(stack.frames)} slices."
    gaps = stack.gaps_mm
    if not gaps.size:
        return
    usual = float(np.median(gaps))
    missing = int(np.sum(np.rint(gaps / usual) - 1)) if usual > 0 else 0
    if missing > 0:
        are = "slice is" if missing == 1 else "slices are"
        yield "completeness", f"{missing} {are} missing inside the stack."
    elif np.max(np.abs(gaps - usual)) > GAP_TOLERANCE * usual:
        yield "spacing", "slices are not evenly spaced."


def _demands(series: Checked, demand: Demand) -> Said:
    stack = series.stack
    thickness, gaps = stack.thickness_mm or 0.0, stack.gaps_mm
    if _over(thickness, demand.max_thickness_mm):
        limit = f"at most {demand.max_thickness_mm:g} mm"
        yield "thickness", f"slices of {thickness:.1f} mm miss small metastases ({limit})."
    gap = float(np.median(gaps)) - thickness if gaps.size and thickness else 0.0
    if _over(round(gap, 2), demand.max_gap_mm):
        yield "gap", f"{gap:.1f} mm between slices are not seen (at most {demand.max_gap_mm:g} mm)."
    if _under(min(stack.rows, stack.columns), demand.min_matrix):
        size = f"{stack.rows} x {stack.columns}"
        yield "matrix", f"the matrix is {size} (at least {demand.min_matrix} each way)."
    if _over(round(max(stack.spacing_mm), 3), demand.max_pixel_mm):
        size = f"{max(stack.spacing_mm):.2f}"
        yield "matrix", f"pixels are {size} mm (at most {demand.max_pixel_mm:g} mm)."
    covered = float(np.sum(gaps)) + thickness
    if _under(round(covered, 1), demand.min_coverage_mm):
        yield (
            "coverage",
            f"the slices cover {covered:.0f} mm (at least {demand.min_coverage_mm:g} mm).",
        )
    plane = _ACROSS[int(np.argmax(np.abs(normal(stack.cosines))))]
    if demand.orientation not in {"any", plane}:
        yield "orientation", f"it is {plane}, not {demand.orientation}."


def _acquisition(series: Checked, rules: Protocol) -> Said:
    acquired = series.acquisition
    strength = acquired.get("field_t")
    if strength and series.role != "ct":
        if _under(strength, rules.min_field_t):
            yield "field", f"{strength:g} T (at least {rules.min_field_t:g} T)."
        if _over(strength, rules.max_field_t):
            yield "field", f"{strength:g} T (at most {rules.max_field_t:g} T)."
    if series.role != "t1c":
        return
    if rules.needs_agent and not acquired.get("has_contrast"):
        yield "contrast", "named as after contrast, but the header tells no contrast agent."
    delay = acquired.get("delay_s")
    if delay is None:
        return
    if _under(delay, rules.min_delay_s):
        yield "delay", f"{delay:.0f} s after contrast (at least {rules.min_delay_s:g} s)."
    if _over(delay, rules.max_delay_s):
        yield "delay", f"{delay:.0f} s after contrast (at most {rules.max_delay_s:g} s)."


def _over(value: float, limit: float | None) -> bool:
    return limit is not None and value > limit


def _under(value: float, limit: float | None) -> bool:
    return limit is not None and value < limit


def verdict(found: Sequence[Finding]) -> str:
    """The worst of the findings; pass when there are none."""
    kinds = {each.verdict for each in found}
    return FAIL if FAIL in kinds else WARN if WARN in kinds else PASS
