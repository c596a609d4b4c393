"""Feedback on a signed training read: the truth beside the reader's marks, and nothing else.

Registered with `reads.feedback`, which asks only for signed training reads; asked for any other
it answers nothing.
"""

from typing import Any

from readerstudy.reads.feedback import provide
from readerstudy.reads.models import Mark, Read
from readerstudy.truth import selectors


@provide
def feedback(read: Read) -> dict[str, Any] | None:
    """What was there, what of it was found, and which marks lie on nothing.

    The rule is that of the protocol the read was made under: training scores as the study will.
    """
    if read.period != 0 or read.state != Read.State.SUBMITTED:
        return None
    standard = selectors.of_case(read.case)
    if standard is None:
        return None
    from readerstudy.truth import bridge  # the web process needs no statistics to start

    marks = list(Mark.objects.filter(read=read, is_removed=False))
    lesions = list(selectors.lesions(standard))
    hits = bridge.hits(
        [((each.x_mm, each.y_mm, each.z_mm), each.rating or 0.0) for each in marks],
        {each.number: ((each.x_mm, each.y_mm, each.z_mm), each.diameter_mm) for each in lesions},
        read.protocol_version.document["analysis_plan"]["matching"],
    )
    return {
        "status": standard.status,
        "lesions": [
            {
                "number": each.number,
                "position_mm": [each.x_mm, each.y_mm, each.z_mm],
                "diameter_mm": each.diameter_mm,
                "found": each.number in hits,
            }
            for each in lesions
        ],
        "false_marks": [mark.number for mark, hit in zip(marks, hits, strict=True) if hit == 0],
    }
