"""What readers drew goes to a PACS as SEG, beside the SR of their marks."""

from uuid import uuid4

import highdicom as hd
import numpy as np
import pydicom
import pytest
from django.db import connection
from django.db.models import QuerySet

from readerstudy.imaging import store
from readerstudy.imaging.models import Destination, Examination, Parcel, Series
from readerstudy.reads import masks, triggers
from readerstudy.reads.models import Mark
from readerstudy.results import services
from readerstudy.results.services import sending
from readerstudy.studies.models import Study
from tests.cast import People
from tests.integration.results import test_sending
from tests.integration.results.test_sending import SEG, made, valid

pytestmark = [pytest.mark.django_db, pytest.mark.once]
blinded, study, pacs = test_sending.blinded, test_sending.study, test_sending.pacs


def drawn(study: Study, *masks: dict[str, str]) -> Mark:
    """What a reader drew in the read whose case has images; signed rows are changed by their owner.

    Signing and drawing are tested elsewhere (`reads`); no study here has images while it is read.
    """
    mark = Mark.objects.get(read__case__study=study, read__case__examination__in=with_images())
    with connection.cursor() as cursor:
        for statement in triggers.removals(connection.vendor):
            cursor.execute(statement)
    rows = [mark]
    rows += [copied(mark, number) for number in range(2, len(masks) + 1)]
    for row, mask in zip(rows, masks, strict=True):
        row.mask = mask
        row.save()
    return mark


def with_images() -> QuerySet[Examination]:
    return Examination.objects.filter(series__instances__gt=0).distinct()


def copied(mark: Mark, number: int) -> Mark:
    other = Mark.objects.get(pk=mark.pk)
    other.pk, other.mark_id, other.number = None, uuid4(), number
    return other


def test_what_a_reader_drew_goes_as_a_segmentation_of_each_series(
    study: Study, people: People, pacs: Destination
) -> None:
    t1c, flair = (
        Series.objects.get(role=role, examination__in=with_images()) for role in ("t1c", "flair")
    )
    box, inside = (3, 4, 2), np.zeros((2, 3, 4), bool)  # columns 3 to 6, rows 4 to 6, slices 2, 3
    inside[0, 1], inside[1, 2, 3] = True, True
    text = str(masks.written(box, inside))
    mark = drawn(
        study,
        {"series": str(t1c.pk), "voxels": text},
        {"series": str(flair.pk), "voxels": text},
        {"series": str(flair.pk), "voxels": "9,0,0,3,1,1:0,3"},
    )
    parcels = made(study, pacs, people)
    words = f"marks of {mark.read.reader.code}, period 1, drawn on"
    segs = {
        role: pydicom.dcmread(store.parcel_path(next(
            each.pk for each in parcels if each.name.endswith(f"{words} {role}")
        )))
        for role in ("T1 with contrast", "FLAIR")
    }  # fmt: skip
    for series, seg in zip((t1c, flair), segs.values(), strict=True):
        assert seg.SOPClassUID == SEG
        (referenced,) = seg.ReferencedSeriesSequence
        assert referenced.SeriesInstanceUID == series.series_uid
        instances = list(series.instances.order_by("number"))  # along the normal, as they were made
        path = store.parcel_path(
            next(each.pk for each in parcels if each.sop_uid == seg.SOPInstanceUID)
        )
        back = hd.seg.segread(path).get_pixels_by_source_instance(
            [each.sop_uid for each in instances]
        )
        whole = np.zeros((10, 16, 12), bool)
        whole[2:4, 4:7, 3:7] = inside
        assert np.array_equal(back[..., 0], whole)
        valid(path)
    assert [len(each.SegmentSequence) for each in segs.values()] == [1, 2]
    again = made(study, pacs, people)
    assert [each.pk for each in again] == [each.pk for each in parcels]


def test_a_drawing_outside_its_series_is_left_out_by_name(
    study: Study, people: People, pacs: Destination
) -> None:
    t1c = Series.objects.get(role="t1c", examination__in=with_images())
    drawn(study, {"series": str(t1c.pk), "voxels": "11,0,0,3,1,1:0,3"})
    job = services.send_results(study, to=pacs, by=people.stan)
    sending.perform(job.pk)
    job.refresh_from_db()
    assert "what was drawn on T1 with contrast is left out" in job.error
    assert Parcel.objects.filter(name__contains="marks of").count() == 1, "the report goes"
