"""DICOMweb: data sets as XML, and all bulk data of a study, a series or an instance."""

from email import message_from_bytes
from email.message import Message

import pytest
from dicomweb_client import DICOMwebClient
from django.test import Client

from readerstudy.imaging.dicomweb import media, native
from readerstudy.imaging.models import Examination
from tests import wire
from tests.integration.imaging.tokens import uids

pytestmark = pytest.mark.django_db
XML = 'multipart/related; type="application/dicom+xml"'


def test_bulk_data_of_a_study_a_series_and_an_instance_come_each_with_their_address(
    web: DICOMwebClient, examination: Examination, client: Client
) -> None:
    series = examination.series.all()[0]
    study_uid, series_uid, sop_uid = uids(series)
    study = f"{web.base_url}/studies/{study_uid}"
    one = f"{study}/series/{series_uid}/instances/{sop_uid}"
    pixels = web.retrieve_instance(study_uid, series_uid, sop_uid).PixelData
    assert web.retrieve_bulkdata(f"{one}/bulkdata") == [pixels]
    for address, count in ((study, 20), (f"{study}/series/{series_uid}", 5), (one, 1)):
        parts = several(client, f"{address.removeprefix(wire.HOST)}/bulkdata", "*/*")
        assert len(parts) == count
        assert parts[f"{one}/bulkdata/7FE00010"].get_payload(decode=True) == pixels
    single = client.get(f"{one.removeprefix(wire.HOST)}/bulkdata", headers={"Accept": media.OCTETS})
    assert single.status_code == 406
    assert client.get(f"{study.removeprefix(wire.HOST)}.1/bulkdata").status_code == 404


def test_data_sets_come_as_xml_to_who_asks_for_it(
    web: DICOMwebClient, examination: Examination, client: Client
) -> None:
    """Both of what is stored and of what a search finds; the model itself: `test_native`."""
    series = examination.series.all()[0]
    study_uid, series_uid, sop_uid = uids(series)
    base = web.base_url.removeprefix(wire.HOST)
    study = f"{base}/studies/{study_uid}"
    one = f"{study}/series/{series_uid}/instances/{sop_uid}"
    expected = native.document(web.retrieve_instance_metadata(study_uid, series_uid, sop_uid))
    assert sop_uid.encode() in expected
    for address, count in ((study, 20), (f"{study}/series/{series_uid}", 5), (one, 1)):
        parts = several(client, f"{address}/metadata", XML)
        assert len(parts) == count
        assert expected in [each.get_payload(decode=True) for each in parts.values()]
    for address, count in (("/studies", 1), ("/series", 4), ("/instances?limit=7", 7)):
        parts = several(client, f"{base}{address}", XML)
        assert len(parts) == count
        (*_, last) = web.search_for_studies()
        found = [each.get_payload(decode=True) for each in parts.values()]
        assert (native.document(last) in found) == (address == "/studies")
    assert (
        client.get(f"{base}/studies?PatientID=nobody", headers={"Accept": XML}).status_code == 204
    )
    both = client.get(f"{one}/metadata", headers={"Accept": f"{XML};q=0.5, application/json"})
    assert both["Content-Type"] == media.JSON_TYPE


def several(client: Client, address: str, accept: str) -> dict[str, Message]:
    """The parts of an answer, by their address, else by their number."""
    answer = client.get(address, headers={"Accept": accept})
    assert answer.status_code == 200, answer.content
    body = b"".join(answer.streaming_content)
    whole = message_from_bytes(f"Content-Type: {answer['Content-Type']}\r\n\r\n".encode() + body)
    parts: list[Message] = whole.get_payload()
    return {each.get("Content-Location", str(n)): each for n, each in enumerate(parts)}
