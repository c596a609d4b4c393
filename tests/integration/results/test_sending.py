"""Results to a PACS: SEG and SR, by both ways, tried again, and never before unblinding."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pydicom
import pytest
import requests
from django.test import Client
from django.utils import timezone

from readerstudy.audit.models import Entry
from readerstudy.imaging import sending as wire
from readerstudy.imaging import services as images
from readerstudy.imaging import store
from readerstudy.imaging.models import Destination, Examination, Parcel, Series
from readerstudy.imaging.services import outgoing
from readerstudy.proposals import bridge
from readerstudy.results import services
from readerstudy.results.models import Sending
from readerstudy.results.services import sending
from readerstudy.studies import services as studies
from readerstudy.studies.definition import DesignDraft
from readerstudy.studies.models import Case, Study
from readerstudy.web.problems import Problem
from tests import dicom, factories, proposing
from tests.cast import PASSWORD, People
from tests.integration.imaging.test_orthanc import PLUGIN, free_port
from tests.integration.reads.conftest import running, sit
from tests.skips import IN_CI

pytestmark = [pytest.mark.django_db, pytest.mark.once]
SEG, REPORT = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.88.34"
SQUARE = [[0.5, 0.5, 2.0], [4.5, 0.5, 2.0], [4.5, 3.5, 2.0], [0.5, 3.5, 2.0], [0.5, 0.5, 2.0]]
OPENS_WITHIN_S = 180
HOLE = [[1.5, 1.2, 2.0], [3.5, 1.2, 2.0], [3.5, 2.8, 2.0], [1.5, 2.8, 2.0], [1.5, 1.2, 2.0]]


@pytest.fixture
def blinded(people: People, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Study:
    """A study whose readers have done with it; a case that was read has images and a proposal."""
    monkeypatch.setattr(bridge, "card", lambda _detector: dict(proposing.CARD))
    monkeypatch.setattr(bridge, "default_detector", lambda: factories.DETECTOR)
    made = running(people, design=DesignDraft(kind="crossover", washout_days=0), n_cases=4)
    tab = sit(people.readers[0], made)
    for _ in range(2):  # one is the training case
        tab.read_and_sign()
        tab = tab.next_tab()
    images.import_folder(dicom.examination(tmp_path), collection=made.collection, by=None)
    real = Examination.objects.filter(series__instances__gt=0).distinct().get()
    read = sending.Read.objects.get(period=1, state="submitted")
    Case.objects.filter(pk=read.case_id).update(examination=real)
    proposing.propose(
        real,
        proposing.found(0.9, contours_mm=[SQUARE, HOLE]),
        proposing.found(0.4, contours_mm=[], centroid_mm=(4.5, 4.4, 8.0), diameter_mm=5.0),
    )
    proposing.propose(real, detector="blank@1")  # found nothing
    return studies.close(made, reason="enough", by=people.cora)


@pytest.fixture
def study(blinded: Study, people: People) -> Study:
    frozen = services.freeze(blinded, by=people.stan)
    asked = services.ask_unblinding(frozen, reason="as planned", by=people.stan)
    services.grant_unblinding(asked, password=PASSWORD, by=people.cora)
    return Study.objects.get(pk=blinded.pk)


@pytest.fixture
def pacs() -> Destination:
    return images.add_destination(name="PACS", address="http://127.0.0.1:9/dicom-web", by=None)


def made(study: Study, to: Destination, people: People) -> list[Parcel]:
    """The study's objects, on their way."""
    job = services.send_results(study, to=to, by=people.stan)
    sending.perform(job.pk)
    job.refresh_from_db()
    assert (job.error, job.done_at is not None) == ("", True)
    return list(Parcel.objects.filter(destination=to).order_by("sop_class_uid", "name"))


def test_s2_nothing_leaves_before_the_study_is_unblinded(
    blinded: Study, people: People, pacs: Destination, sign_in: Callable[..., Client]
) -> None:
    with pytest.raises(Problem) as refused:
        services.send_results(blinded, to=pacs, by=people.stan)
    assert refused.value.code == "results.blinded"
    address = f"/studies/{blinded.pk}/results/sending/"
    assert sign_in(people.stan).get(address).status_code == 409
    assert not Sending.objects.exists()
    assert not Parcel.objects.exists()


def test_objects_are_right_valid_and_made_once(
    study: Study, people: People, pacs: Destination
) -> None:
    parcels = made(study, pacs, people)
    assert [each.sop_class_uid for each in parcels] == [SEG, REPORT, REPORT, REPORT]
    paths = [store.parcel_path(each.pk) for each in parcels]
    seg, *reports = map(pydicom.dcmread, paths)
    assert len(seg.SegmentSequence) == 2
    # 0.5 to 4.5 mm by pixels of 1.1 mm: columns 1 to 4; 0.5 to 3.5 by 0.9: rows 1 to 3; a hole
    ring = np.zeros((16, 12), np.uint8)
    ring[1:4, 1:5] = 1
    ring[2:4, 2:4] = 0
    assert any(np.array_equal(plane, ring) for plane in seg.pixel_array)
    (absent,) = [each for each in reports if "blank" in each.SeriesDescription]
    assert "'Absent'" in str(absent)
    said = "".join(str(each) for each in reports if each is not absent)
    assert "Certainty of Finding" in said
    assert "R01" in said
    assert "'Absent'" not in said
    assert factories.DETECTOR in parcels[0].name
    for path in paths:
        valid(path)
    _read_by_dcmtk(paths)
    again = made(study, pacs, people)
    assert [each.pk for each in again] == [each.pk for each in parcels]


def valid(path: Path) -> None:
    dciodvfy = shutil.which("dciodvfy")
    assert dciodvfy or not IN_CI, "NOT RUN: dciodvfy is not installed here"
    if dciodvfy:
        told = [dciodvfy, "-new", str(path)]
        done = subprocess.run(told, capture_output=True, text=True, check=False)
        assert "Error" not in done.stderr, done.stderr


def test_marks_whose_place_nothing_says_are_left_out_by_name(
    study: Study, people: People, pacs: Destination
) -> None:
    for series in Series.objects.filter(instances__gt=0).distinct():
        series.geometry = {**series.geometry, "frame_of_reference": ""}
        series.save(update_fields=["geometry"])
    job = services.send_results(study, to=pacs, by=people.stan)
    sending.perform(job.pk)
    job.refresh_from_db()
    assert job.done_at is not None
    assert "marks of R01, period 1, are left out: nothing says in which place" in job.error
    assert not Parcel.objects.filter(name__contains="marks of").exists()
    assert Parcel.objects.filter(sop_class_uid=SEG).exists(), "all else goes"


def _read_by_dcmtk(paths: Sequence[Path]) -> None:
    """The segmentation as a file, and the reports as reports: `dsrdump` builds their tree."""
    dsrdump = shutil.which("dsrdump")
    assert dsrdump or not IN_CI, "NOT RUN: dsrdump (dcmtk) is not installed here"
    if not dsrdump:
        return
    segmentation, *reports = map(str, paths)
    dump = subprocess.run(["dcmdump", segmentation], capture_output=True, text=True, check=True)
    assert "=SegmentationStorage" in dump.stdout
    for each in reports:
        tree = subprocess.run([dsrdump, each], capture_output=True, text=True, check=True)
        assert "Imaging Measurement Report" in tree.stdout
        assert "<CONTAINER:" in tree.stdout
        assert not [line for line in tree.stderr.splitlines() if line.startswith("E:")]


def test_what_does_not_arrive_is_tried_again_ever_later_and_then_set_aside(
    study: Study, people: People, pacs: Destination, sign_in: Callable[..., Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    parcel = made(study, pacs, people)[0]
    outgoing.send(parcel.pk)  # nobody listens there
    waits = []
    for attempt in range(1, len(outgoing.WAITS) + 2):
        parcel.refresh_from_db()
        assert parcel.attempt == attempt
        if parcel.state == Parcel.State.FAILED:
            break
        waits.append(parcel.due_at - timezone.now())
        outgoing.send(parcel.pk)  # not due: nothing happens
        assert Parcel.objects.get(pk=parcel.pk).attempt == attempt
        Parcel.objects.filter(pk=parcel.pk).update(due_at=timezone.now())
        outgoing.send(parcel.pk)
    assert len(waits) == len(outgoing.WAITS)
    assert all(b > a - timedelta(seconds=5) for a, b in pairwise(waits))
    assert parcel.state == Parcel.State.FAILED
    assert "No answer" in parcel.error
    assert Entry.objects.filter(action="imaging.not_sent").count() == 1
    client, sent = sign_in(people.stan), []
    monkeypatch.setattr(wire, "stow", lambda path, *_a, **_k: sent.append(path.exists()))
    page = f"/studies/{study.pk}/results/sending/"
    assert "Try again" in client.get(page).content.decode()
    assert client.post(f"{page}{parcel.pk}").status_code == 302
    outgoing.send(parcel.pk)
    outgoing.send(parcel.pk)  # a message that came twice
    parcel.refresh_from_db()
    assert (parcel.state, sent) == (Parcel.State.SENT, [True])
    assert client.post(f"{page}{parcel.pk}").status_code == 409
    assert Entry.objects.filter(action__in=["imaging.send_again", "imaging.sent"]).count() == 2


def test_a_worker_that_was_stopped_past_its_lease_changes_nothing(
    study: Study, people: People, pacs: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    parcel = made(study, pacs, people)[0]

    def slow(*_given: object, **_more: object) -> None:
        """Meanwhile the lease lapses and another worker takes it."""
        monkeypatch.setattr(wire, "stow", lambda *_a, **_k: None)
        Parcel.objects.filter(pk=parcel.pk).update(lease_until=timezone.now() - timedelta(1))
        outgoing.send(parcel.pk)
        raise wire.NotTaken("it broke", is_final=True)

    monkeypatch.setattr(wire, "stow", slow)
    outgoing.send(parcel.pk)
    parcel.refresh_from_db()
    assert (parcel.state, parcel.error, parcel.attempt) == (Parcel.State.SENT, "", 2)


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Orthanc of the test's own: its address and its DICOM port."""
    if shutil.which("Orthanc") is None or not PLUGIN.exists():
        pytest.skip("NOT RUN: Orthanc with its DICOMweb plugin is not installed here")
    for attempt in range(3):  # a port that was free may be another's by now
        port, dimse, folder = free_port(), free_port(), tmp_path / f"orthanc-{attempt}"
        process = _started(folder, port, dimse)
        if _opens(process, port, dimse):
            break
        process.kill()
        process.wait()
    else:
        pytest.fail((folder / "log").read_text()[-2000:])
    yield f"http://127.0.0.1:{port}", dimse
    process.terminate()
    process.wait(OPENS_WITHIN_S)


def _started(folder: Path, port: int, dimse: int) -> "subprocess.Popen[bytes]":
    """Orthanc on these ports, with its data and its log in the folder."""
    folder.mkdir()
    settings = {
        "StorageDirectory": str(folder), "IndexDirectory": str(folder), "HttpPort": port,
        "DicomPort": dimse, "DicomAet": "ORTHANC", "DicomCheckCalledAet": True,
        "DicomAlwaysAllowStore": True, "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False, "Plugins": [str(PLUGIN)], "DicomWeb": {"Enable": True},
    }  # fmt: skip
    config = folder / "orthanc.json"
    config.write_text(json.dumps(settings))
    with (folder / "log").open("w") as log:
        return subprocess.Popen(["Orthanc", str(config)], stdout=log, stderr=log)


def _opens(process: "subprocess.Popen[bytes]", port: int, dimse: int) -> bool:
    """Whether both its doors open in time: the web's opens first."""
    end = time.monotonic() + OPENS_WITHIN_S
    while time.monotonic() < end and process.poll() is None:
        try:
            requests.get(f"http://127.0.0.1:{port}/system", timeout=5)
            socket.create_connection(("127.0.0.1", dimse), 5).close()
        except OSError:  # requests' errors are of this kind
            time.sleep(0.1)
        else:
            return True
    return False


def send(parcel: Parcel) -> None:
    """Send it, and once more after each failure that is not final: the machine may be busy."""
    for _ in range(3):
        Parcel.objects.filter(pk=parcel.pk).update(due_at=timezone.now())
        outgoing.send(parcel.pk)
        parcel.refresh_from_db()
        if parcel.state != Parcel.State.WAITING:
            return


def held(url: str) -> list[str]:
    """The SOP Instance UIDs that Orthanc holds."""
    found = requests.get(f"{url}/dicom-web/instances", timeout=60).json()
    return sorted(each["00080018"]["Value"][0] for each in found)


@pytest.mark.orthanc
def test_orthanc_takes_them_by_stow_and_by_c_store(
    orthanc: tuple[str, int], study: Study, people: People,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:  # fmt: skip
    url, dimse = orthanc
    wrong = images.add_destination(
        name="Wrong", address=f"127.0.0.1:{dimse}", called_ae_title="NOBODY", by=None
    )
    parcel = made(study, wrong, people)[0]
    send(parcel)
    assert parcel.state == Parcel.State.FAILED, parcel.error
    assert "AE titles" in parcel.error
    ways = {
        "stow": images.add_destination(name="Web", address=f"{url}/dicom-web", by=None),
        "c-store": images.add_destination(
            name="DIMSE", address=f"127.0.0.1:{dimse}", called_ae_title="ORTHANC", by=None
        ),
    }
    for way, destination in ways.items():
        assert destination.way == way
        parcels = made(study, destination, people)
        with django_capture_on_commit_callbacks(execute=True):
            for each in parcels:
                send(each)
        states = Parcel.objects.filter(destination=destination).values_list("state", "error")
        assert set(states) == {(Parcel.State.SENT, "")}
        assert held(url) == sorted(each.sop_uid for each in parcels)
        assert not any(store.parcel_path(each.pk).exists() for each in parcels)
        for each in requests.get(f"{url}/instances", timeout=60).json():
            requests.delete(f"{url}/instances/{each}", timeout=60)
