"""Readers' marks as DICOM SR, and what they drew as SEG, by `inference`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from readerstudy.reads import masks

if TYPE_CHECKING:
    from pydicom import Dataset

    from readerstudy.reads.models import Mark


def marks_as_dicom(
    marks: "Sequence[Mark]",
    paths: Sequence[Path],
    *,
    frames: Mapping[str, str],
    levels: int = 0,
    reader: str,
    key: str,
    moment: datetime,
) -> "Dataset":
    """One read's marks as a structured report.

    `paths` are the files of the series that it refers to, `frames` the frames of reference of the
    examination's series by id, `levels` how many the scale of marks has: 0 for one from 0 to 100.
    """
    from inference.reader_report import ReaderMark, reader_report

    placed = [
        ReaderMark(
            each.number,
            (each.x_mm, each.y_mm, each.z_mm),
            each.diameter_mm,
            each.rating,
            frames.get(str(each.series), ""),
            levels,
        )
        for each in marks
    ]
    return reader_report(placed, paths, reader=reader, key=key, observed_at=moment)


def drawings_as_dicom(
    marks: "Sequence[Mark]",
    paths: Sequence[Path],
    *,
    reader: str,
    key: str,
    moment: datetime,
) -> "Dataset":
    """What was drawn in one read on one series as a segmentation; `paths` are that series' files.

    Raises
    ------
    ValueError
        Where it does not fit the series.
    """
    from inference.reader_segmentation import Drawing, reader_segmentation

    drawn = []
    for each in marks:
        mask = masks.parse((each.mask or {}).get("voxels"))
        if mask is None:
            raise ValueError(f"mark {each.number}: what was drawn is no mask")
        column, row, frame = mask.first
        drawn.append(Drawing(each.number, (frame, row, column), mask.voxels()))
    return reader_segmentation(drawn, paths, reader=reader, key=key, drawn_at=moment)
