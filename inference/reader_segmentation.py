"""What a reader drew of lesions as a DICOM Segmentation (PS3.3 A.51): one segment a mark.

It copies patient and study attributes from its sources: build it from de-identified files only.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highdicom as hd
from numpy.typing import NDArray
from pydicom.valuerep import DA, TM

from inference import export
from inference.reader_report import uid_of
from inference.sources import masks_in, read_sources


@dataclass(frozen=True, eq=False)
class Drawing:
    """A mark's box of voxels on the grid of the series that it was drawn on.

    Attributes
    ----------
    number : int
        Of the mark in its read, as in the structured report.
    offset : (slice, row, column)
        The box's first voxel.
    mask : (slices, rows, columns) array
        Its voxels.
    """

    number: int
    offset: tuple[int, int, int]
    mask: NDArray[Any]


@export.pseudonyms()
def reader_segmentation(
    drawings: Sequence[Drawing],
    source_paths: Sequence[Path],
    *,
    reader: str,
    key: str,
    drawn_at: dt.datetime,
) -> hd.seg.Segmentation:
    """Return a binary Segmentation of what was drawn in one read on one series.

    Its segments have the Tracking UIDs (0062,0021) of the read's structured report.

    Parameters
    ----------
    source_paths
        The files of that series, all of them.
    reader
        The reader's code in the study, never a name.
    key
        Of the read: the same read gives the same UIDs.

    Raises
    ------
    NothingToExport
        Where nothing was drawn.
    ValueError
        If a drawing does not fit the series.
    """
    if not drawings:
        raise export.NothingToExport("nothing was drawn: a DICOM Segmentation needs a segment")
    sources = read_sources(source_paths).images
    series = str(sources[0].SeriesInstanceUID)
    pixels = masks_in(sources, [(each.mask, each.offset) for each in drawings])
    made = hd.seg.Segmentation(
        source_images=sources,
        pixel_array=pixels,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[
            _description(number, each.number, key) for number, each in enumerate(drawings, start=1)
        ],
        series_instance_uid=uid_of(key, f"seg-series of {series}"),
        series_number=903,
        sop_instance_uid=uid_of(key, f"seg of {series}"),
        instance_number=1,
        manufacturer=export.MANUFACTURER,
        manufacturer_model_name="reading room",
        software_versions="1",
        device_serial_number="1",
        content_label="MARKS",
        content_description="Lesions drawn by a reader of a study; research use only",
        content_creator_name=f"{reader}^",
        series_description=f"Drawings of {reader}",
        omit_empty_frames=True,
    )
    made.ContentDate, made.ContentTime = DA(drawn_at.date()), TM(drawn_at.time())
    return made


def _description(number: int, mark: int, key: str) -> hd.seg.SegmentDescription:
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=f"Mark {mark}",
        segmented_property_category=export.ABNORMAL,
        segmented_property_type=export.METASTASIS,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        anatomic_regions=[export.BRAIN],
        tracking_uid=uid_of(key, f"mark-{mark}"),
        tracking_id=f"mark-{mark}",
    )
