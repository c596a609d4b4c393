"""The design as a drawing: each group's way through training, periods and washout."""

from dataclasses import dataclass
from typing import Any

from readerstudy.studies import assembly, design
from readerstudy.studies.models import Case, Study
from readerstudy.studies.randomisation import ImpossibleError

WIDTHS = {"training": 110, "period": 240, "washout": 150, "repeat": 170}
ROW, LEFT, BAR = 52, 70, 32


@dataclass(frozen=True)
class Box:
    """One stretch of a group's way, in drawing units."""

    x: int
    y: int
    width: int
    kind: str
    words: str
    arm: str

    @property
    def is_outlined(self) -> bool:
        """Whether no new case is read in it."""
        return self.kind in ("training", "washout", "repeat")


def timeline(study: Study) -> dict[str, Any] | None:
    """The boxes of the drawing, or None while there are too few arms."""
    arms = sorted(study.arms.all(), key=lambda arm: (arm.mode != "control", arm.key))
    if len(arms) < 2:  # noqa: PLR2004 -- a comparison
        return None
    groups = design.timeline(
        design=study.design,
        arms=[arm.key for arm in arms],
        washout_days=study.washout_days,
        reader_blocks=study.reader_blocks,
        training=study.cases.filter(kind=Case.Kind.TRAINING, withdrawn_at=None).exists(),
        repeats=bool(study.repeats),
    )
    control = {arm.key for arm in arms if arm.mode == "control"}
    names = {arm.key: arm.name for arm in arms}
    boxes, labels, right = [], [], 0
    for number, group in enumerate(groups):
        x, y = LEFT, 8 + number * ROW
        labels.append((y + BAR // 2 + 5, group.name))
        for step in group.steps:
            kind = "control" if step.kind == "period" and step.arm in control else step.kind
            boxes.append(Box(x, y, WIDTHS[step.kind] - 6, kind, _words(step, names), step.arm))
            x += WIDTHS[step.kind]
        right = max(right, x)
    return {"boxes": boxes, "labels": labels, "width": right, "height": len(groups) * ROW + 8}


def _words(step: design.Step, names: dict[str, str]) -> str:
    if step.kind == "washout":
        return f"washout {step.days} d"
    if step.kind == "training":
        return "training"
    if step.kind == "repeat":
        return f"again: {names.get(step.arm, step.arm)}"
    return f"period {step.period}: {names.get(step.arm, step.arm)}"


def balance(study: Study) -> dict[str, Any] | None:
    """How well the groups will balance, by randomising many times with throw-away seeds."""
    if study.state != Study.State.DRAFT:
        return None
    try:
        forecast = design.simulate_balance(assembly.plan(study), runs=100)
    except (ImpossibleError, ValueError, IndexError) as error:
        return {"words": str(error)} if str(error) else None
    return {
        "runs": forecast.runs,
        "overall": [(gap, round(100 * part)) for gap, part in sorted(forecast.overall.items())],
    }
