"""A PACS sends by C-STORE: dcmtk's own tools against our receiver, from C-ECHO to proposals."""

import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from pydicom.uid import DeflatedExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.sop_class import Verification

from readerstudy.imaging import receiver, services
from readerstudy.imaging.models import Examination, Instance, Sender, Upload
from readerstudy.proposals.models import Run
from readerstudy.proposals.services import sweep
from readerstudy.studies.models import Study
from tests import dicom, factories
from tests.cast import People

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.dcmtk,
]
CALLING, CALLED = "HOSPITAL", "READERSTUDY"


@pytest.fixture
def study(people: People) -> Study:
    return factories.draft_study(people, n_cases=0)


@pytest.fixture
def port(study: Study) -> Iterator[int]:
    """A receiver that takes what HOSPITAL sends into the study's collection."""
    services.add_sender(study.collection, name="PACS", calling_ae_title=CALLING, by=None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = int(free.getsockname()[1])
    server = receiver.Receiver(associations=2).start("127.0.0.1", number)
    yield number
    server.shutdown()


def run(tool: str, port: int, *more: str | Path, calling: str = CALLING) -> Any:
    titles = ["-aet", calling, "-aec", CALLED]
    arguments = [tool, *titles, "127.0.0.1", str(port), *map(str, more)]
    return subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_an_examination_that_a_pacs_routes_ends_in_proposals_without_anyone_asking(
    port: int, study: Study, tmp_path: Path
) -> None:
    assert run("echoscu", port).returncode == 0
    before = set(Examination.objects.values_list("pk", flat=True))
    dicom.examination(tmp_path, count=3)
    sent = run("dcmsend", port, "--scan-directories", "--recurse", tmp_path)
    assert sent.returncode == 0, sent.stderr
    until(lambda: Upload.objects.get().state == Upload.State.WORKING)
    upload = Upload.objects.get()
    assert (upload.source, upload.stored, upload.refused) == ("c-store", 12, 0)
    services.perform(upload.pk)
    (examination,) = study.collection.examinations.exclude(pk__in=before)
    assert examination.ready_at is not None
    sweep()
    assert Run.objects.filter(examination=examination).exists()
    again = run("storescu", port, "-v", "+sd", "+r", tmp_path)
    assert (again.stdout + again.stderr).count("Response (Success)") == 12, again
    assert Instance.objects.filter(series__examination=examination).count() == 12
    until(lambda: not list((Path(settings.SPOOL_DIR) / "c-store").iterdir()))


def test_who_is_not_on_the_list_is_rejected_before_anything_is_sent(
    port: int, tmp_path: Path
) -> None:
    dicom.series(tmp_path, count=1)
    assert run("echoscu", port, calling="STRANGER").returncode != 0
    refused = run("storescu", port, "+sd", tmp_path, calling="STRANGER")
    assert "Calling AE Title Not Recognized" in refused.stderr + refused.stdout
    services.end_sender(Sender.objects.get(), by=None)
    assert run("echoscu", port).returncode != 0
    assert not Upload.objects.exists()


def test_what_is_refused_is_answered_with_its_status(port: int, tmp_path: Path) -> None:
    path = dicom.save(dicom.image(BurnedInAnnotation="YES"), tmp_path / "a.dcm")
    answer = run("storescu", port, "-v", path)
    assert "CannotUnderstand" in answer.stdout + answer.stderr
    until(lambda: Upload.objects.get().state == Upload.State.WORKING)
    assert Upload.objects.get().report["refused"] == {"HELD": 1}
    assert not any(
        DeflatedExplicitVRLittleEndian in each.transfer_syntax for each in receiver.contexts()
    )


def test_a_pdu_that_announces_gigabytes_closes_the_connection(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
        peer.sendall(struct.pack(">BBL", 1, 0, 2**32 - 1) + b"x" * 1000)
        with suppress(ConnectionResetError):
            assert peer.recv(10) == b""
    assert run("echoscu", port).returncode == 0


def test_no_more_associations_than_allowed_are_taken_at_once(port: int) -> None:
    peer = AE(ae_title=CALLING)
    peer.add_requested_context(Verification)
    held = [peer.associate("127.0.0.1", port, ae_title=CALLED) for _ in range(2)]
    assert all(each.is_established for each in held)
    assert run("echoscu", port).returncode != 0
    for each in held:
        each.release()
    until(lambda: run("echoscu", port).returncode == 0)


def test_senders_are_made_and_ended_by_command(study: Study, capsys: Any) -> None:
    add = ("dicom_sender", "add", f"--study={study.pk}")
    call_command(*add, "--name=PACS", "--calling=WARD 4")
    sender = Sender.objects.get()
    assert (sender.calling_ae_title, sender.collection) == ("WARD 4", study.collection)
    with pytest.raises(CommandError, match="already"):
        call_command(*add, "--name=x", "--calling=WARD 4")
    with pytest.raises(CommandError, match="backslash"):
        call_command(*add, "--name=x", "--calling=A\\B")
    call_command("dicom_sender", "end", str(sender.pk))
    call_command("dicom_sender", "list")
    assert "PACS sends no more." in capsys.readouterr().out
    call_command(*add, "--name=Vendor")
    token = capsys.readouterr().out.rsplit(" ", 1)[1].strip()
    assert token not in str(list(Sender.objects.values()))
