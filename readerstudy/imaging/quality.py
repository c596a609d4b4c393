"""The acquisition quality check: what a reader would stumble over, in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from readerstudy.imaging.geometry import Stack

REQUIRED = ("t1c",)
EXPECTED = ("t1", "t2", "flair")
MAX_THICKNESS_MM = 6.0
GAP_TOLERANCE = 0.15
MIN_SLICES = 8
MAX_TILT_DEGREES = 1.0

PASS, WARN, FAIL = "pass", "warn", "fail"


@dataclass(frozen=True)
class Checked:
    """A series as the check sees it."""

    role: str
    name: str
    stack: Stack
    frame_of_reference: str
    tilt_degrees: float = 0.0


@dataclass(frozen=True)
class Finding:
    """One finding: how bad, which check, and words."""

    verdict: str
    check: str
    words: str

    def as_dict(self) -> dict[str, str]:
        """As it is kept with the examination."""
        return {"verdict": self.verdict, "check": self.check, "words": self.words}


def findings(series: Sequence[Checked]) -> list[Finding]:
    """All findings on an examination's series."""
    roles = {each.role for each in series}
    is_ct = roles == {"ct"}
    found = []
    if not is_ct:
        found += [
            Finding(FAIL, "sequences", f"There is no {_NAMES[role]} series.")
            for role in REQUIRED
            if role not in roles
        ]
        found += [
            Finding(WARN, "sequences", f"There is no {_NAMES[role]} series.")
            for role in EXPECTED
            if role not in roles
        ]
    for each in series:
        found += _of_series(each)
    if len({each.frame_of_reference for each in series}) > 1:
        words = "Series do not share a frame of reference: linked scrolling may be off."
        found.append(Finding(WARN, "frame_of_reference", words))
    return found


_NAMES: Mapping[str, str] = {
    "t1c": "T1 with contrast", "t1": "T1", "t2": "T2", "flair": "FLAIR",
}  # fmt: skip


def _of_series(series: Checked) -> list[Finding]:
    stack, name = series.stack, series.name
    found = [Finding(WARN, "geometry", f"{name}: {words}.") for words in stack.problems]
    if abs(series.tilt_degrees) > MAX_TILT_DEGREES:
        words = f"{name}: the gantry was tilted by {series.tilt_degrees:.0f} degrees."
        found.append(Finding(WARN, "tilt", words))
    if len(stack.frames) < MIN_SLICES:
        found.append(Finding(WARN, "slices", f"{name} has only {len(stack.frames)} slices."))
    thickness = stack.thickness_mm or 0.0
    if thickness > MAX_THICKNESS_MM:
        words = f"{name}: slices of {thickness:.1f} mm miss small metastases."
        found.append(Finding(WARN, "thickness", words))
    gaps = stack.gaps_mm
    if gaps.size:
        usual = float(np.median(gaps))
        missing = int(np.sum(np.rint(gaps / usual) - 1)) if usual > 0 else 0
        if missing > 0:
            are = "slice is" if missing == 1 else "slices are"
            words = f"{name}: {missing} {are} missing inside the stack."
            found.append(Finding(FAIL, "completeness", words))
        elif np.max(np.abs(gaps - usual)) > GAP_TOLERANCE * usual:
            found.append(Finding(WARN, "spacing", f"{name}: slices are not evenly spaced."))
    return found


def verdict(found: Sequence[Finding]) -> str:
    """The worst of the findings; pass when there are none."""
    kinds = {each.verdict for each in found}
    return FAIL if FAIL in kinds else WARN if WARN in kinds else PASS
