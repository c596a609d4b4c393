"""A PACS sends by C-STORE: dcmtk's own tools against our receiver, from C-ECHO to proposals."""

import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode
from pynetdicom.pdu import P_DATA_TF
from pynetdicom.sop_class import Verification

from readerstudy.imaging import pdata, receiver, services
from readerstudy.imaging.models import Examination, Instance, Sender, Upload
from readerstudy.proposals.models import Run
from readerstudy.proposals.services import sweep
from readerstudy.studies.models import Study
from tests import dicom, kept
from tests.cast import People

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.dcmtk,
]
CALLING, CALLED = "HOSPITAL", "READERSTUDY"


@pytest.fixture
def study(people: People) -> Study:
    return kept.draft_study(people, n_cases=0)


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
    return subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=300)


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
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
    with socket.create_connection(("127.0.0.1", port), timeout=120) as peer:
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


def test_what_may_come_either_way_comes_explicit_which_costs_a_fifth(port: int) -> None:
    peer = AE(ae_title=CALLING)
    peer.add_requested_context(dicom.MR, ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])
    made = peer.associate("127.0.0.1", port, ae_title=CALLED)
    (context,) = made.accepted_contexts
    assert context.transfer_syntax == [receiver.PLAIN]
    made.release()


def associated(port: int) -> Any:
    peer = AE(ae_title=CALLING)
    peer.add_requested_context(Verification)
    peer.add_requested_context(dicom.MR, "1.2.840.10008.1.2.1")
    made = peer.associate("127.0.0.1", port, ae_title=CALLED)
    assert made.is_established
    return made


@pytest.mark.parametrize("fragment", [64, 512, 0])  # a command in pieces; a data set; all at once
def test_messages_of_any_kind_and_size_follow_each_other_in_one_association(
    port: int, tmp_path: Path, fragment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fragment:
        monkeypatch.setattr(DIMSEServiceProvider, "maximum_pdu_size", fragment)
    receive, fast = pdata.Stores._receive, []

    def counted(stores: Any, request: Any, *rest: Any) -> int | None:
        fast.append(request)
        return receive(stores, request, *rest)

    monkeypatch.setattr(pdata.Stores, "_receive", counted)
    paths = [dicom.save(dicom.image(number=each), tmp_path / str(each)) for each in (1, 2, 3)]
    peer = associated(port)
    for path in (*paths, paths[0]):
        assert peer.send_c_echo().Status == 0
        assert peer.send_c_store(path).Status == 0
    peer.release()
    until(lambda: Upload.objects.get().state == Upload.State.WORKING)
    upload = Upload.objects.get()
    assert (upload.stored, upload.repeated, upload.refused) == (3, 1, 0)
    assert len(fast) == (0 if fragment == 64 else 4)
    assert not list((Path(settings.SPOOL_DIR) / "c-store").iterdir())


@pytest.mark.parametrize("is_silent", [True, False])
def test_who_stops_within_a_file_leaves_nothing_of_it(
    port: int, tmp_path: Path, *, is_silent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "SECONDS", 0.3)
    path = dicom.save(dicom.image(), tmp_path / "a")
    peer = associated(port)
    assert peer.send_c_store(path).Status == 0
    request = pdata_of(path, peer)
    connection = peer.dul.socket.socket
    connection.sendall(request[:-20])
    until(lambda: len(list((Path(settings.SPOOL_DIR) / "c-store").iterdir())) == 1)
    if not is_silent:
        connection.shutdown(socket.SHUT_RDWR)
    until(lambda: not list((Path(settings.SPOOL_DIR) / "c-store").iterdir()))
    until(lambda: Upload.objects.get().state == Upload.State.WORKING)
    assert (Upload.objects.get().stored, Instance.objects.count()) == (1, 1)
    connection.close()


def test_a_connection_that_is_reset_between_files_ends_its_delivery(
    port: int, tmp_path: Path
) -> None:
    peer = associated(port)
    assert peer.send_c_store(dicom.save(dicom.image(), tmp_path / "a")).Status == 0
    time.sleep(0.3)  # nobody waits for the next request any more
    connection = peer.dul.socket.socket
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    until(lambda: Upload.objects.get().state == Upload.State.WORKING)


def pdata_of(path: Path, peer: Any) -> bytes:
    """A C-STORE request of a file as its bytes on the wire."""
    data = dcmread(path)
    message, primitive = C_STORE_RQ(), C_STORE()
    primitive.MessageID, primitive.Priority = 9, 2
    primitive.AffectedSOPClassUID = data.SOPClassUID
    primitive.AffectedSOPInstanceUID = "1.2.3.4"
    primitive.DataSet = BytesIO(encode(data, is_implicit_vr=False, is_little_endian=True))
    message.primitive_to_message(primitive)
    made = b""
    (context,) = [each for each in peer.accepted_contexts if each.abstract_syntax == dicom.MR]
    for each in message.encode_msg(context.context_id, 1024):
        pdu = P_DATA_TF()
        pdu.from_primitive(each)
        made += pdu.encode()
    return made


def test_after_a_delivery_that_another_receiver_ended_an_association_begins_another(
    study: Study, tmp_path: Path
) -> None:
    options = {"name": "PACS", "calling_ae_title": CALLING}
    pacs, _ = services.add_sender(study.collection, **options, by=None)
    delivery = receiver.Delivery(pacs)
    first, second, third = dicom.series(tmp_path, count=3)
    assert delivery.take(first)["state"] == "stored"
    services.end_upload(Upload.objects.get(), by=None)
    assert delivery.take(second)["state"] == "stored"  # counted there, packed by a delivery more
    assert delivery.take(third)["state"] == "stored"
    states = Upload.objects.order_by("created_at").values_list("state", "stored")
    working, receiving = Upload.State.WORKING, Upload.State.RECEIVING
    assert list(states) == [(working, 2), (working, 0), (receiving, 1)]


def test_one_that_is_started_beside_another_says_so_and_touches_nothing_of_it(
    port: int, tmp_path: Path, capsys: Any
) -> None:
    peer = associated(port)
    assert peer.send_c_store(dicom.save(dicom.image(), tmp_path / "a")).Status == 0
    half = receiver.spool() / "half"  # received now
    half.touch()
    with pytest.raises(CommandError, match=r"Address already in use\. Stop what runs"):
        call_command("dicom_receiver", port=port)
    assert half.exists()
    assert Upload.objects.get().state == Upload.State.RECEIVING
    for wrong in (0, 70_000):
        with pytest.raises(CommandError, match=f"{wrong} is no port"):
            call_command("dicom_receiver", f"--port={wrong}")
    half.unlink()
    peer.release()
    until(lambda: Upload.objects.get().state == Upload.State.WORKING)
    capsys.readouterr()


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
