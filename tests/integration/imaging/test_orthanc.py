"""Orthanc, an archive that we did not write, sends to us and takes from us."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from readerstudy.imaging import receiver, services
from readerstudy.imaging.models import Instance, Upload
from readerstudy.studies.models import Study
from tests import dicom, kept
from tests.cast import People

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.orthanc,
]
ANSWERS_WITHIN_S = 180
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc."""

    url: str

    def post(self, path: str, data: Any, **options: Any) -> Any:
        body = data if isinstance(data, bytes) else json.dumps(data)
        answer = requests.post(f"{self.url}{path}", data=body, timeout=ANSWERS_WITHIN_S, **options)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    def instances(self) -> list[str]:
        return list(requests.get(f"{self.url}/instances", timeout=ANSWERS_WITHIN_S).json())


@pytest.fixture
def study(people: People) -> Study:
    return kept.draft_study(people, n_cases=0)


@pytest.fixture
def dicom_port(study: Study) -> Iterator[int]:
    services.add_sender(study.collection, name="PACS", calling_ae_title="ORTHANC", by=None)
    port = free_port()
    server = receiver.Receiver().start("127.0.0.1", port)
    yield port
    server.shutdown()


@pytest.fixture
def orthanc(study: Study, dicom_port: int, live_server: Any, tmp_path: Path) -> Iterator[Orthanc]:
    """Orthanc of the test's own, that knows us by both ways."""
    if shutil.which("Orthanc") is None or not PLUGIN.exists():
        pytest.skip("NOT RUN: Orthanc with its DICOMweb plugin is not installed here")
    _, token = services.add_sender(study.collection, name="Orthanc", may_read=True, by=None)
    port = free_port()
    us = f"{live_server.url}/dicomweb/collections/{study.collection_id}/"
    server = {"Url": us, "HttpHeaders": {"Authorization": f"Bearer {token}"}}
    # The server of tests reads no chunked bodies; granian does.
    server |= {"ChunkedTransfers": False}
    settings = {
        "StorageDirectory": str(tmp_path / "db"), "IndexDirectory": str(tmp_path / "db"),
        "HttpPort": port, "DicomServerEnabled": False, "DicomAet": "ORTHANC",
        "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "Plugins": [str(PLUGIN)],
        "DicomModalities": {"us": ["READERSTUDY", "127.0.0.1", dicom_port]},
        "DicomWeb": {
            "Enable": True,
            "Servers": {"us": server},
        },
    }  # fmt: skip
    config = tmp_path / "orthanc.json"
    config.write_text(json.dumps(settings))
    log = (tmp_path / "orthanc.log").open("w")
    process = subprocess.Popen(["Orthanc", str(config)], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + ANSWERS_WITHIN_S
        while True:
            try:
                requests.get(f"{url}/system", timeout=30)
                break
            except requests.ConnectionError:
                assert time.monotonic() < end, "Orthanc did not start"
                time.sleep(0.1)
        yield Orthanc(url)
    finally:
        process.terminate()
        process.wait(ANSWERS_WITHIN_S)
        log.close()


def test_orthanc_sends_to_us_and_takes_from_us(
    orthanc: Orthanc, study: Study, tmp_path: Path
) -> None:
    mine = Instance.objects.filter(series__examination__collection=study.collection)
    sources = dicom.series(tmp_path / "source", count=5)
    ids = [orthanc.post("/instances", each.read_bytes())["ID"] for each in sources]
    # C-STORE: half of it
    sent = orthanc.post("/modalities/us/store", ids[:3])
    assert (sent["InstancesCount"], sent["FailedInstancesCount"]) == (3, 0)
    assert mine.count() == 3
    # STOW-RS: all of it; what is there already is a repeat
    orthanc.post("/dicom-web/servers/us/stow", {"Resources": ids})
    assert mine.count() == 5
    upload = Upload.objects.get(source="stow")
    assert (upload.stored, upload.repeated, upload.refused) == (2, 3, 0)
    # QIDO-RS and WADO-RS: what we made of it goes back, under UIDs of ours
    examination = mine[0].series.examination
    found = orthanc.post(
        "/dicom-web/servers/us/qido",
        {"Uri": "/studies", "Arguments": {"PatientID": examination.patient}},
    )
    assert len(found) == 1
    assert examination.study_uid in json.dumps(found)
    orthanc.post(
        "/dicom-web/servers/us/retrieve", {"Resources": [{"Study": examination.study_uid}]}
    )
    assert len(orthanc.instances()) == 10
    held = requests.get(f"{orthanc.url}/dicom-web/instances", timeout=ANSWERS_WITHIN_S).json()
    assert set(mine.values_list("sop_uid", flat=True)) <= {
        each["00080018"]["Value"][0] for each in held
    }
