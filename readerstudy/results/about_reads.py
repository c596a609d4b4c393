"""Columns of the frozen data about reads that need no vault: scanners, other times, asking."""

from collections.abc import Iterable
from typing import Any

from readerstudy.imaging.models import Series, SeriesRole
from readerstudy.reads.disclosure import idle_limit_s
from readerstudy.reads.models import Read
from readerstudy.reads.services.submitting import timings_under
from readerstudy.studies.models import Arm

Row = dict[str, Any]
OTHER_IDLE_LIMITS_S = (30, 120)


def asked(read: Read) -> Row:
    """Whether and when the reader asked for the proposals, where they come on demand."""
    is_asked = int(read.ai_from is not None) if read.arm.mode == Arm.Mode.ON_DEMAND else None
    after_s = (read.ai_from - read.opened_at).total_seconds() if read.ai_from else None
    return {"ai_asked": is_asked, "ai_asked_s": after_s}


def scanners(reads: Iterable[Read]) -> dict[Any, str]:
    """Maker and model by examination, of the contrast series where that is known."""
    series = Series.objects.filter(examination__in={read.case.examination_id for read in reads})
    found: dict[Any, str] = {}
    for each in sorted(series, key=lambda one: (one.role != SeriesRole.T1C, str(one.id))):
        parts = (each.acquisition.get("vendor"), each.acquisition.get("model"))
        words = " ".join(str(part) for part in parts if part)
        if words:
            found.setdefault(each.examination_id, words)
    return found


def other_times(read: Read) -> Row:
    """Active time under other idle limits, for analyses of sensitivity.

    None where the events do not give the active time that the read has, as in reads by an
    observer model.
    """
    names = [f"active_{limit}_s" for limit in OTHER_IDLE_LIMITS_S]
    own, *others = timings_under(read, [idle_limit_s(read), *OTHER_IDLE_LIMITS_S])
    if own.active_ms != read.active_ms:
        return dict.fromkeys(names)
    return {name: each.active_ms / 1000 for name, each in zip(names, others, strict=True)}
