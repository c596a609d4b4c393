"""Every verb of dicomweb-client; what is served is no page to a browser; a series of thousands."""

import subprocess
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from dicomweb_client import DICOMwebClient
from django.test import Client
from PIL import Image
from requests import HTTPError

from readerstudy.imaging import packs, services, store, tokens
from readerstudy.imaging.models import Examination, Series
from tests import dicom, wire

pytestmark = [pytest.mark.django_db, pytest.mark.once]
PNG = ("image/png",)
HTML = b"<html><script>alert(1)</script></html>"


@pytest.fixture
def examination(tmp_path: Path) -> Examination:
    collection = services.create_collection(name="images")
    services.import_folder(dicom.examination(tmp_path, count=5), collection=collection, by=None)
    return Examination.objects.get()


def test_every_verb_of_a_client_we_did_not_write_is_answered(examination: Examination) -> None:
    token = tokens.issue([str(each.pk) for each in examination.series.all()], seconds=60)
    web = DICOMwebClient(f"{wire.HOST}/dicomweb/{token}", session=wire.session())
    series = examination.series.all()[0]
    names = (examination.study_uid, series.series_uid, series.instances.all()[2].sop_uid)
    assert len(web.search_for_instances(limit=7, get_remaining=True)) == 20
    assert len(web.search_for_series(examination.study_uid, limit=2, offset=3)) == 1
    assert web.search_for_studies(limit=5, offset=1) == []
    for whole, piecewise, count in (
        (web.retrieve_study, web.iter_study, 20), (web.retrieve_series, web.iter_series, 5),
    ):  # fmt: skip
        wanted = names[: 1 if count == 20 else 2]
        assert sorted(each.SOPInstanceUID for each in whole(*wanted)) == sorted(
            each.SOPInstanceUID for each in piecewise(*wanted)
        )
        assert len(whole(*wanted)) == count
    image = web.retrieve_instance(*names)
    frames = web.retrieve_instance_frames(*names, [1])
    assert frames == list(web.iter_instance_frames(*names, [1])) == [image.pixel_array.tobytes()]
    (one,) = [
        each for each in web.retrieve_series_metadata(*names[:2])
        if each["00080018"]["Value"] == [names[2]]
    ]  # fmt: skip
    assert one == web.retrieve_instance_metadata(*names)
    assert len(web.retrieve_study_metadata(names[0])) == 20
    address = one["7FE00010"]["BulkDataURI"]
    assert web.retrieve_bulkdata(address) == list(web.iter_bulkdata(address)) == frames
    for picture in (
        web.retrieve_instance_rendered(*names, media_types=PNG),
        web.retrieve_instance_frames_rendered(*names, [1], media_types=PNG),
    ):
        assert picture.startswith(b"\x89PNG")
    for delete in (web.delete_study, web.delete_series, web.delete_instance):  # nobody may
        with pytest.raises(HTTPError, match="405"):
            delete(*names[: {"study": 1, "series": 2}.get(delete.__name__[7:], 3)])
    assert Examination.objects.exists()


@pytest.mark.dcmtk
@pytest.mark.parametrize("function", ["linear", "sigmoid"])
@pytest.mark.parametrize("window", ["300,20", "450,1", "100,700"])
def test_a_windows_function_is_that_of_the_standard(
    examination: Examination, client: Client, tmp_path: Path, function: str, window: str
) -> None:
    """As dcmtk draws the same stored file."""
    series = examination.series.all()[0]
    instance = series.instances.select_related("series__examination")[2]
    web = f"/dicomweb/{tokens.issue([str(series.pk)], seconds=60)}"
    one = f"{web}/studies/{examination.study_uid}/series/{series.series_uid}/instances"
    asked = {"window": f"{window},{function}"}
    answer = client.get(
        f"{one}/{instance.sop_uid}/rendered", asked, headers={"Accept": "image/png"}
    )
    ours = np.asarray(Image.open(BytesIO(answer.content))).astype(int)
    drawn = tmp_path / "drawn.pgm"
    told = ["dcmj2pnm", "--set-window", *window.split(","), f"--{function}-function"]
    told += ["--write-raw-pnm", str(store.path_of(instance)), str(drawn)]
    subprocess.run(told, check=True, capture_output=True)
    theirs = np.asarray(Image.open(drawn)).astype(int)
    assert theirs.min() < theirs.max()
    assert np.abs(ours - theirs).max() <= 1  # it rounds down


@pytest.mark.fault("E10")
def test_e10_a_page_that_calls_itself_an_image_is_none_and_images_are_never_pages(
    examination: Examination, client: Client, tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    trap.mkdir()
    (trap / "page.dcm").write_bytes(HTML)
    both = dicom.save(dicom.image(number=77, uids=("1.2.9", "1.2.9.1")), trap / "both.dcm")
    data = both.read_bytes()
    both.write_bytes(HTML.ljust(128, b" ") + data[128:])
    upload = services.import_folder(trap, collection=examination.collection, by=None)
    assert (upload.stored, upload.report["refused"]) == (1, {"NOT_DICOM": 1})
    series = Series.objects.exclude(examination=examination).get()
    (stored,) = store.folder_of(series).glob("*.dcm")
    assert b"<html" not in stored.read_bytes()
    token = tokens.issue([series.pk], seconds=60)
    instance = series.instances.get()
    room = f"/imaging/{token}/series/{series.pk}"
    web = f"/dicomweb/{token}/studies/{series.examination.study_uid}"
    one = f"{web}/series/{series.series_uid}/instances/{instance.sop_uid}"
    places = [f"{room}/{end}" for end in ("pack", "frames/0", "thumbnail")]
    places += [one, f"{one}/metadata", f"{one}/frames/1", f"{one}/rendered", f"{one}/thumbnail"]
    for place in places:
        answer = client.get(place)
        answer.close()
        assert answer.status_code == 200, place
        assert answer["X-Content-Type-Options"] == "nosniff", place
        assert "html" not in answer["Content-Type"], place


@pytest.mark.fault("E6")
def test_e6_five_thousand_slices_are_one_series_in_order(tmp_path: Path) -> None:
    pixels = np.arange(5000, dtype=np.uint16)[:, None, None] + np.zeros((1, 4, 4), np.uint16)
    dicom.save(dicom.enhanced(pixels), tmp_path / "long.dcm")
    collection = services.create_collection(name="long")
    upload = services.import_folder(tmp_path, collection=collection, by=None)
    series = Series.objects.get()
    assert (upload.stored, series.geometry["frames"]) == (1, 5000)
    middle = packs.frame(store.pack_path(series), 2500, series.geometry)
    assert (middle == 2500).all()
