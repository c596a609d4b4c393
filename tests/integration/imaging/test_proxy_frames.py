"""Frames by WADO-RS that nginx cuts out of their files itself (docs/nginx-frames.js)."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
import requests

from readerstudy.imaging import services, store
from readerstudy.imaging.models import Series
from tests import dicom
from tests.integration.imaging.proxied import ALIKE, SINGLE, Proxy, frame_of, issue
from tests.integration.imaging.test_dicomweb import uids

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.nginx]


@pytest.mark.parametrize(
    ("accept", "is_asked"),
    [
        ("", False), ("*/*", False), ("application/octet-stream", False),
        ("application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", False),
        ('multipart/related; type="application/octet-stream"', False),
        ("multipart/related; type=application/octet-stream; transfer-syntax=*", False),
        ('Multipart/Related;type="application/octet-stream"', False),
        ("application/octet-stream; transfer-syntax=1.2.840.10008.1.2.5", True),
        ('multipart/related; type="image/jp2"', True),
        ("multipart/related; type=application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.90",
         True),
    ],
)  # fmt: skip
@pytest.mark.once
def test_a_frame_is_cut_out_by_the_proxy_as_the_platform_would(
    proxy: Proxy, series: list[Series], accept: str, *, is_asked: bool
) -> None:
    path = frame_of(issue(series[0]), series[0])
    headers = {"Accept": accept} if accept else {"Accept": None}
    said = proxy.long_way(path, **headers)
    answer, asked = proxy.get(path, **headers)
    assert (answer.status_code, asked) == (said.status_code, is_asked)
    for name in ALIKE[1:]:
        assert answer.headers.get(name) == said.headers.get(name), name
    assert _parts(answer) == _parts(said)
    assert answer.headers["Content-Length"] == str(len(answer.content))


def _parts(answer: requests.Response) -> tuple[str, bytes]:
    """Type and content, with one name for whatever boundary."""
    kind, _, boundary = answer.headers["Content-Type"].partition("; boundary=")
    content = answer.content
    return kind, content.replace(boundary.encode(), b"boundary") if boundary else content


@pytest.mark.once
def test_each_frame_of_each_instance_is_its_own(proxy: Proxy, tmp_path: Path) -> None:
    """Halving finds each line of the table, the first and last too; and frames of one file."""
    dicom.series(tmp_path / "in", count=21)
    pixels = np.arange(3 * 5 * 7, dtype=np.uint16).reshape(3, 5, 7)
    dicom.save(dicom.enhanced(pixels), tmp_path / "in" / "enhanced.dcm")
    collection = services.create_collection(name="many")
    services.import_folder(tmp_path / "in", collection=collection, by=None)
    found = 0
    for one in Series.objects.select_related("examination"):
        token = issue(one)
        for each in one.instances.all():
            image = pydicom.dcmread(store.place_of(each)).pixel_array
            for number, frame in enumerate(image.reshape(each.frames, -1), start=1):
                answer, asked = proxy.get(frame_of(token, one, each.sop_uid, number), **SINGLE)
                assert (answer.content, asked) == (frame.tobytes(), False)
                found += 1
        answer, asked = proxy.get(frame_of(token, one, each.sop_uid, each.frames + 1))
        assert (answer.status_code, asked) == (404, True)
    assert found == 24


@pytest.mark.once
def test_frames_are_for_who_may_have_them(proxy: Proxy, series: list[Series]) -> None:
    one, other = series[0], series[1]
    second, foreign = issue(one, other), issue(other)
    answer, asked = proxy.get(frame_of(foreign, one), **SINGLE)
    assert (answer.status_code, asked) == (404, True)
    _, other_uid, _ = uids(other)
    mixed = frame_of(second, one).replace(one.series_uid, other_uid)  # its frame, my series
    answer, asked = proxy.get(mixed, **SINGLE)
    assert (answer.status_code, asked) == (404, True)
    first = one.instances.all()[0]
    file, path = store.place_of(first), frame_of(second, one, first.sop_uid)
    assert proxy.get(path, **SINGLE)[1] is False
    file.write_bytes(file.read_bytes() + b"  ")  # written anew: it is as long as no row says
    answer, asked = proxy.get(path, **SINGLE)
    assert asked
