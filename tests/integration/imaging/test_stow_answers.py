"""What STOW-RS answers: of each instance by the sender's UIDs, of the study by ours."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Tree

import pydicom
import pytest
from django.test import Client

from readerstudy.imaging import services
from readerstudy.imaging.models import Instance, Upload
from readerstudy.studies.models import Study
from tests import dicom, kept
from tests.cast import People
from tests.integration.imaging.test_dicomweb import values
from tests.integration.imaging.test_stow import MULTIPART, body, sender

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(people: People) -> Study:
    return kept.draft_study(people, n_cases=0)


def test_each_instance_that_is_not_stored_is_answered_with_its_reason(
    study: Study, client: Client, tmp_path: Path
) -> None:
    _, token = services.add_sender(study.collection, name="Vendor", by=None)
    address = f"/dicomweb/collections/{study.collection_id}/studies"

    def store(data: bytes, end: str = "", kind: str = MULTIPART) -> Any:
        return client.post(
            f"{address}{end}", data, content_type=kind,
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip

    good = dicom.save(dicom.image(), tmp_path / "a").read_bytes()
    burned = dicom.save(dicom.image(number=2, BurnedInAnnotation="YES"), tmp_path / "b")
    mixed = store(body(good, burned.read_bytes(), b"hello"))
    assert mixed.status_code == 202
    assert len(mixed.json()["00081199"]["Value"]) == 1
    (held,), (text,) = (mixed.json()[tag]["Value"] for tag in ("00081198", "0008119A"))
    assert held["00081150"]["Value"] == [dicom.MR]
    assert held["00081155"]["Value"] == [pydicom.dcmread(burned).SOPInstanceUID]  # as it was sent
    assert values([held, text], "00081197") == [0xC000, 0xC000]
    assert not {"00081150", "00081155"} & text.keys()
    for canary in dicom.CANARIES:
        assert canary not in mixed.content.decode()
    nothing = store(body(b"hello"))
    assert nothing.status_code == 409
    elsewhere = store(body(good), "/1.2.3.99")
    assert values(elsewhere.json()["00081198"]["Value"], "00081197") == [0xA900]
    assert store(body(good), "/1.2.3.4").status_code == 200
    assert store(good, kind="application/dicom").status_code == 415
    assert store(body(good), kind=MULTIPART.replace("dicom", "dicom+json", 1)).status_code == 415
    assert store(body()).json()["detail"] == "There is no instance in the body."
    for cut in (body(good)[:300], body(good)[:-8], b"--part\r\n" + b"x" * 99_999, body()):
        assert store(cut).status_code == 400, cut[:40]
    assert Instance.objects.count() == 1


def test_a_request_without_an_instance_leaves_no_delivery_open(
    study: Study, people: People, client: Client
) -> None:
    address = f"/dicomweb/collections/{study.collection_id}/studies"
    _, token = services.add_sender(study.collection, name="Vendor", by=None)
    client.force_login(people.cora, backend="django.contrib.auth.backends.ModelBackend")
    for headers in ({}, {"Authorization": f"Bearer {token}"}):
        for data in (body(), b"--part\r\n" + b"x" * 99_999):
            answer = client.post(address, data, content_type=MULTIPART, headers=headers)
            assert answer.status_code == 400
    assert not Upload.objects.exists()


def test_the_answer_leads_to_the_study_that_was_stored_in_json_or_xml(
    study: Study, client: Client, tmp_path: Path
) -> None:
    """Not to the one that the sender named, whose UID was replaced."""
    _, token = services.add_sender(study.collection, name="Vendor", by=None, may_read=True)
    address = f"/dicomweb/collections/{study.collection_id}/studies"
    headers = {"Authorization": f"Bearer {token}"}
    one = dicom.image()
    other = dicom.image(StudyInstanceUID="1.2.3.99", SOPInstanceUID="1.2.3.99.1")
    files = [dicom.save(each, tmp_path / each.SOPInstanceUID) for each in (one, other)]
    sent = [each.read_bytes() for each in files]

    def store(*parts: bytes, end: str = "", accept: str = "*/*") -> Any:
        return client.post(
            f"{address}{end}", body(*parts), content_type=MULTIPART,
            headers=headers | {"Accept": accept},
        )  # fmt: skip

    answer = store(sent[0], end=f"/{one.StudyInstanceUID}")
    (url,) = answer.json()["00081190"]["Value"]
    assert client.get(f"{url}/metadata", headers=headers).status_code == 200
    assert store(*sent).json()["00081190"] == {"vr": "UR"}  # of two there is no one place
    assert store(b"hello").json()["00081190"] == {"vr": "UR"}
    made = store(sent[0], b"hello", accept="application/dicom+xml")
    assert (made.status_code, made["Content-Type"]) == (202, "application/dicom+xml")
    found = {each.attrib["keyword"]: each for each in Tree.fromstring(made.content)}
    assert found["RetrieveURL"][0].text == url
    assert found.keys() > {"ReferencedSOPSequence", "OtherFailuresSequence"}
    assert store(sent[0], accept="text/html").status_code == 406


def test_a_client_is_told_which_of_its_instances_failed(study: Study) -> None:
    """By the UIDs that it knows: dicomweb-client breaks on a failure without."""
    images = [dicom.image(), dicom.image(number=2, BurnedInAnnotation="YES")]
    answer = sender(study).store_instances(images)
    (failure,) = answer.FailedSOPSequence
    assert failure.ReferencedSOPInstanceUID == images[1].SOPInstanceUID
