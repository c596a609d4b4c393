"""DICOMweb as clients we did not write use it, and no further than what they may reach."""

import json
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import jpeg_ls
import numpy as np
import pydicom
import pytest
from dicomweb_client import DICOMwebClient
from django.apps import apps
from django.test import Client
from PIL import Image
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)
from requests import HTTPError

from readerstudy.imaging import da, selectors, services, store, tokens
from readerstudy.imaging.models import Collection, Examination, Instance, Series
from readerstudy.imaging.options import Options
from tests import dicom
from tests.integration.imaging.tokens import opened, uids

pytestmark = pytest.mark.django_db
MULTIPART = 'multipart/related; type="application/dicom"; boundary=part'


def values(found: list[dict[str, Any]], tag: str) -> list[Any]:
    return [each[tag].get("Value", [None])[0] for each in found]


def test_searches_match_at_every_level(web: DICOMwebClient, examination: Examination) -> None:
    (study,) = web.search_for_studies(search_filters={"PatientID": examination.patient})
    assert study["00201206"]["Value"] == [4]
    assert study["00201208"]["Value"] == [20]
    assert study["00080061"]["Value"] == ["MR"]
    for filters in (
        {"PatientName": examination.patient.lower()},
        {"PatientName": f"{examination.patient[:4]}*"},
        {"00100020": f"{examination.patient[:-1]}?"},
        {"ModalitiesInStudy": "MR", "StudyDate": ""},
    ):
        assert len(web.search_for_studies(search_filters=filters)) == 1, filters
    for filters in (
        {"PatientID": "P1"},
        {"PatientID": examination.patient[:-1]},
        {"PatientName": ".*"},
        {"ModalitiesInStudy": "CT"},
        {"StudyDate": "19000101-20260101"},  # removed: the usual
        {"AccessionNumber": "4*"},
    ):
        assert web.search_for_studies(search_filters=filters) == [], filters
    assert len(web.search_for_studies(fuzzymatching=True, search_filters={"PatientName": "p"})) == 1
    assert len(web.search_for_series()) == 4
    (t2,) = web.search_for_series(search_filters={"SeriesDescription": "T2*", "Modality": "MR"})
    assert t2["00100020"]["Value"] == [examination.patient]
    series_uid = t2["0020000E"]["Value"][0]
    found = web.search_for_instances(
        examination.study_uid, series_uid, search_filters={"InstanceNumber": "3"}
    )
    assert values(found, "00200013") == [3]
    assert len(web.search_for_instances()) == 20
    assert len(web.search_for_instances(examination.study_uid)) == 20


def dated(tmp_path: Path, *days: str) -> list[Examination]:
    """Examinations of one patient whose dates stay, moved by one span."""
    collection = services.create_collection(name="with dates", options=Options(dates="shift"))
    for number, day in enumerate(days):
        dicom.series(tmp_path / day, count=2, seed=number, StudyDate=day, StudyTime="101500.120000")
    services.import_folder(tmp_path, collection=collection, by=None)
    found = collection.examinations.order_by("study_date")
    assert [each.study_date for each in found] == [selectors.study_date(each) for each in found]
    return list(found)


def test_moved_dates_are_answered_and_matched_as_the_files_have_them(tmp_path: Path) -> None:
    """PS3.4 C.2.2.2.5: range matching of Study Date and Time."""
    earlier, later = dated(tmp_path, "20240105", "20240301")
    web = opened(*Series.objects.all())
    said = [da.da(each.study_date) for each in (earlier, later)]
    assert said[0] not in {"20240105", "20240301", ""}
    for filters, which in (
        ({"StudyDate": said[0]}, [earlier]),
        ({"StudyDate": f"{said[0]}-{said[1]}"}, [earlier, later]),
        ({"StudyDate": f"-{said[0]}"}, [earlier]),
        ({"00080020": f"{said[1]}-"}, [later]),
        ({"StudyDate": "19000101-19001231"}, []),
        ({"StudyDate": "*", "StudyTime": f"{later.study_time:%H%M}"}, [earlier, later]),
        ({"StudyTime": "000000-000000.1"}, []),
    ):
        wanted = {each.study_uid for each in which}
        assert set(values(web.search_for_studies(search_filters=filters), "0020000D")) == wanted
        assert len(web.search_for_series(search_filters=filters)) == len(which)
        assert len(web.search_for_instances(search_filters=filters)) == 2 * len(which)
    (study,) = web.search_for_studies(search_filters={"StudyDate": said[1]})
    metadata = web.retrieve_study_metadata(later.study_uid)[0]
    assert study["00080020"] == metadata["00080020"] == {"vr": "DA", "Value": [said[1]]}
    assert float(study["00080030"]["Value"][0]) == float(metadata["00080030"]["Value"][0])
    (of_one,) = web.search_for_series(later.study_uid, fields=["StudyDate"])
    assert of_one["00080020"]["Value"] == [said[1]]
    with pytest.raises(HTTPError, match="400"):
        web.search_for_studies(search_filters={"StudyDate": "2024*"})
    alone = opened(*later.series.all())  # a reader of this case: the other does not exist
    found = alone.search_for_studies(search_filters={"StudyDate": f"{said[0]}-{said[1]}"})
    assert values(found, "0020000D") == [later.study_uid]


def test_dates_of_what_an_older_release_took_in_are_found_in_its_metadata(tmp_path: Path) -> None:
    first, _ = dated(tmp_path, "20240105", "20240301")
    before = (first.study_date, first.study_time)
    Examination.objects.update(study_date=None, study_time=None)
    store.metadata_path(Series.objects.exclude(examination=first).get()).unlink()
    migration = "readerstudy.imaging.migrations.0012_study_dates_of_what_is_there"
    import_module(migration).dated(apps, None)
    first.refresh_from_db()
    assert (first.study_date, first.study_time) == before
    assert Examination.objects.get(study_date=None).pk != first.pk  # damaged: found by no date


def test_searches_come_in_pages_and_say_that_there_is_more(
    web: DICOMwebClient, examination: Examination, client: Client
) -> None:
    address = f"/{web.base_url.split('/', 3)[3]}/instances"
    first = client.get(address, {"limit": 8})
    assert "additional results" in first["Warning"]
    rest = client.get(address, {"limit": 30, "offset": 8})
    assert "Warning" not in rest
    together = values(first.json(), "00080018") + values(rest.json(), "00080018")
    assert sorted(together) == sorted(Instance.objects.values_list("sop_uid", flat=True))
    assert client.get(address, {"offset": 20}).status_code == 204
    assert client.get(address, {"limit": "-1"}).status_code == 400
    assert client.get(address, {"NotAnAttribute": "1"}).status_code == 400
    assert "EchoTime" in client.get(address, {"EchoTime": "3"})["Warning"]


def test_what_is_found_of_an_image_says_its_size(web: DICOMwebClient) -> None:
    """Without being asked (PS3.18 Table 10.6.3-5)."""
    (found,) = web.search_for_instances(limit=1)
    uids = [found[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018")]
    image = web.retrieve_instance_metadata(*uids)
    for tag in ("00280010", "00280011", "00280100"):  # rows, columns, bits allocated
        assert found[tag] == image[tag]


def test_a_search_includes_the_attributes_asked_for(web: DICOMwebClient) -> None:
    (some,) = web.search_for_series(
        search_filters={"SeriesDescription": "T2 TSE"}, fields=["EchoTime", "00180080"]
    )
    assert (some["00180081"]["Value"], some["00180080"]["Value"]) == ([3.1], [7.8])
    whole = web.search_for_instances(fields=["all"], limit=2)
    assert all(each["00280030"]["Value"] == [0.9, 1.1] for each in whole)
    assert "7FE00010" not in whole[0]


def test_what_is_retrieved_is_what_was_stored(
    web: DICOMwebClient, examination: Examination
) -> None:
    series = examination.series.all()[0]
    study_uid, series_uid, sop_uid = uids(series)
    assert len(web.retrieve_study(study_uid)) == 20
    assert len(web.retrieve_series(study_uid, series_uid)) == 5
    image = web.retrieve_instance(study_uid, series_uid, sop_uid)
    pixels = image.pixel_array
    (frame,) = web.retrieve_instance_frames(study_uid, series_uid, sop_uid, [1])
    assert frame == pixels.tobytes()


@pytest.mark.parametrize("is_signed", [False, True])
def test_compressed_files_and_frames_are_made_for_who_asks(
    collection: Collection, tmp_path: Path, *, is_signed: bool
) -> None:
    values = np.arange(4096, dtype=np.int16).reshape(64, 64) - 2048 * is_signed
    stored = dicom.image(pixels=values.astype(np.uint16), PixelRepresentation=int(is_signed))
    dicom.save(stored, tmp_path / "one.dcm")
    services.import_folder(tmp_path, collection=collection, by=None)
    series = Series.objects.get()
    web, names = opened(series), uids(series, 0)
    for syntax in (RLELossless, JPEGLSLossless, JPEG2000Lossless):
        packed = web.retrieve_instance(*names, media_types=(("application/dicom", syntax),))
        assert packed.file_meta.TransferSyntaxUID == syntax
        assert np.array_equal(packed.pixel_array, stored.pixel_array)
    (jpeg2000,) = web.retrieve_instance_frames(
        *names, [1], media_types=(("image/jp2", JPEG2000Lossless),)
    )
    if not is_signed:  # Pillow's pictures have no negative values
        assert np.array_equal(np.asarray(Image.open(BytesIO(jpeg2000))), stored.pixel_array)
    (jls,) = web.retrieve_instance_frames(*names, [1], media_types=(("image/jls", JPEGLSLossless),))
    decoded = jpeg_ls.decode(np.frombuffer(jls, np.uint8))
    assert np.array_equal(decoded.astype(np.uint16), values.astype(np.uint16))


def test_metadata_is_the_data_set_and_leads_to_its_bulk_data(
    web: DICOMwebClient, examination: Examination
) -> None:
    series = examination.series.all()[0]
    study_uid, series_uid, sop_uid = uids(series)
    assert len(web.retrieve_study_metadata(study_uid)) == 20
    several = web.retrieve_series_metadata(study_uid, series_uid)
    one = web.retrieve_instance_metadata(study_uid, series_uid, sop_uid)
    assert one in several
    image = web.retrieve_instance(study_uid, series_uid, sop_uid)
    as_read = pydicom.Dataset.from_json(one, bulk_data_uri_handler=lambda _uri: b"")
    assert as_read.EchoTime == image.EchoTime
    (bulk,) = web.retrieve_bulkdata(one["7FE00010"]["BulkDataURI"])
    assert bulk == image.PixelData


def test_frames_of_an_enhanced_image_and_of_a_file_of_an_older_release(
    collection: Collection, tmp_path: Path
) -> None:
    pixels = np.arange(3 * 15, dtype=np.uint8).reshape(3, 5, 3)  # of odd size: 45 bytes and a pad
    dicom.save(dicom.enhanced(pixels), tmp_path / "enhanced.dcm")
    services.import_folder(tmp_path, collection=collection, by=None)
    series = Series.objects.get()
    web = opened(series)
    names = (series.examination.study_uid, series.series_uid, series.instances.get().sop_uid)
    now = web.retrieve_instance_frames(*names, [2, 3, 1])
    assert now == [pixels[each].tobytes() for each in (1, 2, 0)]
    series.instances.update(pixel_offset=None, frame_bytes=None)
    assert web.retrieve_instance_frames(*names, [2, 3, 1]) == now
    for wrong in ([0], [4]):
        with pytest.raises(HTTPError, match="404"):
            web.retrieve_instance_frames(*names, wrong)


def test_pictures_are_windowed_and_sized_as_asked(
    web: DICOMwebClient, examination: Examination, client: Client
) -> None:
    series = examination.series.all()[0]
    study_uid, series_uid, sop_uid = uids(series)
    base = f"/{web.base_url.split('/', 3)[3]}/studies/{study_uid}"
    one = f"{base}/series/{series_uid}/instances/{sop_uid}"

    def picture(address: str, **asked: str) -> Image.Image:
        answer = client.get(address, asked, headers={"Accept": "image/png"})
        assert answer.status_code == 200, answer.content
        assert answer["Content-Type"] == "image/png"
        return Image.open(BytesIO(answer.content))

    dark = np.asarray(picture(f"{one}/rendered", window="5000,10"))
    light = np.asarray(picture(f"{one}/frames/1/rendered", window="-5000,10"))
    assert (dark.max(), light.min()) == (0, 255)
    assert picture(f"{one}/rendered", viewport="60,60").size == (45, 60)
    whole = np.asarray(picture(f"{one}/rendered"))
    rows, columns = whole.shape
    parts = {
        f"{columns},{rows}": whole,
        f"{columns},{rows},,,,": whole,
        "6,5,2,3,6,5": whole[3:8, 2:8],
        "6,5,2,3,-6,5": whole[3:8, 2:8][:, ::-1],
        "6,5,2,3,6,-5": whole[3:8, 2:8][::-1],
        f"{columns},{rows},,,-{columns},": whole[:, ::-1],
        f"{columns},{rows - 4},,4,,": whole[4:],
    }
    for viewport, part in parts.items():
        shown = np.asarray(picture(f"{one}/rendered", viewport=viewport))
        np.testing.assert_array_equal(shown, part, viewport)
    assert picture(f"{one}/rendered", viewport="40,40,2,3,8,4").size == (40, 20)
    for address in (base, f"{base}/series/{series_uid}", one, f"{one}/frames/1"):
        assert max(picture(f"{address}/thumbnail").size) == 160
    assert client.get(f"{one}/rendered")["Content-Type"] == "image/jpeg"
    several = client.get(f"{base}/series/{series_uid}/rendered")
    assert several["Content-Type"].startswith('multipart/related; type="image/jpeg"')
    wrong = [{"window": "1"}, {"window": "1,0"}, {"quality": "900"}]
    wrong += [
        {"viewport": f"9,9{each}"} for each in (",", ",1,1,1", ",-1,,,", f",,,{columns + 1},")
    ]
    for each in [*wrong, {"viewport": "0,9"}, {"viewport": "9,9,5,5,0,1"}]:
        assert client.get(f"{one}/rendered", each).status_code == 400, each
    assert client.get(f"{one}/thumbnail", {"viewport": "9,9,1,1,5,5"}).status_code == 400


ANSWERS = [
    ("", "application/dicom+xml", 406),
    ("", 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2', 406),
    (
        "",
        'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.90',
        406,
    ),
    ("", 'multipart/related; type="application/dicom"; transfer-syntax=*', 200),
    ("", "application/dicom", 200),
    ("/metadata", "application/dicom+xml", 200),
    ("/metadata", "text/xml", 406),
    ("/metadata", "application/json", 200),
    ("/frames/1", "image/gif", 406),
    ("/frames/1", "application/octet-stream", 200),
    ("/frames/1", "image/gif, multipart/related; type=image/dicom-rle;q=0.5", 200),
    ("/rendered", "text/html", 406),
    ("/bulkdata/7FE00010", "application/octet-stream", 200),
    ("/bulkdata/00100010", "*/*", 404),
]


def test_what_cannot_be_made_is_answered_with_406(
    web: DICOMwebClient, examination: Examination, client: Client
) -> None:
    study_uid, series_uid, sop_uid = uids(examination.series.all()[0])
    base = f"/{web.base_url.split('/', 3)[3]}/studies/{study_uid}"
    for end, accept, status in ANSWERS:
        answer = client.get(
            f"{base}/series/{series_uid}/instances/{sop_uid}{end}", headers={"Accept": accept}
        )
        assert answer.status_code == status, (end, accept)


def test_a_character_that_postgresql_keeps_in_no_text_is_a_plain_refusal(
    collection: Collection, client: Client
) -> None:
    _, token = services.add_sender(collection, name="Archive", may_read=True, by=None)
    base, who = f"/dicomweb/collections/{collection.pk}", {"Authorization": f"Bearer {token}"}
    one = "studies/1.2%00/series/1.3/instances/1.4"
    for end in (
        "studies/1%00",
        "studies/1.2/series/1%00",
        one,
        f"{one}/frames/1",
        f"{one}/thumbnail",
    ):
        answer = client.get(f"{base}/{end}", headers=who)
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json"), (
            end
        )
    for end in ("studies", "series", "instances", "studies/1.2/series"):
        for name in ("PatientID", "StudyInstanceUID", "StudyDate", "ModalitiesInStudy"):
            answer = client.get(f"{base}/{end}", {name: "a\0"}, headers=who)
            assert answer.status_code == 400, (end, name)


def test_a_readers_token_reaches_the_open_case_and_nothing_else(
    examination: Examination, client: Client
) -> None:
    mine, other = examination.series.all()[:2]
    token = tokens.issue([str(mine.pk)], seconds=60)
    study_uid, other_uid, sop_uid = uids(other)
    base = f"/dicomweb/{token}"
    assert values(client.get(f"{base}/series").json(), "0020000E") == [mine.series_uid]
    (study,) = client.get(f"{base}/studies").json()
    assert study["00201206"]["Value"] == [1]
    assert len(client.get(f"{base}/instances").json()) == 5
    one = f"studies/{study_uid}/series/{other_uid}"
    for end in (
        one, f"{one}/metadata", f"{one}/instances", f"{one}/rendered", f"{one}/thumbnail",
        f"{one}/instances/{sop_uid}", f"{one}/instances/{sop_uid}/frames/1",
        f"{one}/instances/{sop_uid}/bulkdata/7FE00010",
        f"studies/{study_uid}/series/{mine.series_uid}/instances/{sop_uid}",
    ):  # fmt: skip
        assert client.get(f"{base}/{end}").status_code == 404, end
    assert client.post(f"{base}/studies").status_code == 405
    assert client.get(f"/dicomweb/{token[:-2]}xx/studies").status_code == 404


def test_searching_costs_the_same_queries_however_much_there_is(
    examination: Examination, client: Client, django_assert_max_num_queries: Any
) -> None:
    token = tokens.issue([str(each.pk) for each in examination.series.all()], seconds=60)
    for end in ("studies", "series", "instances"):
        with django_assert_max_num_queries(5):
            assert json.loads(client.get(f"/dicomweb/{token}/{end}").content)


def test_stored_frames_are_explicit_little_endian(examination: Examination) -> None:
    for path in selectors.paths_by_role(examination)["t1c"]:
        assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
