"""C-STORE messages read and written by hand, against what pynetdicom makes of the same bytes."""

import errno
from io import BytesIO, RawIOBase
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID
from pynetdicom import AE, Association
from pynetdicom.dimse_messages import C_ECHO_RQ, C_STORE_RQ, C_STORE_RSP
from pynetdicom.dimse_primitives import C_ECHO, C_STORE
from pynetdicom.dsutils import create_file_meta
from pynetdicom.dul import DULServiceProvider
from pynetdicom.pdu import P_DATA_TF
from pynetdicom.pdu_primitives import A_ABORT

from readerstudy.imaging import pdata
from tests import dicom

CONTEXT, LIMIT = 3, 16384


def store(**changed: Any) -> C_STORE:
    made = C_STORE()
    made.MessageID, made.Priority = 7, 1
    made.AffectedSOPClassUID, made.AffectedSOPInstanceUID = dicom.MR, "1.2.3.45"
    made.MoveOriginatorApplicationEntityTitle = "MOVER"
    made.MoveOriginatorMessageID = 9
    made.DataSet = BytesIO(b"\x08\x00\x16\x00UI\x00\x00")
    for name, value in changed.items():
        setattr(made, name, value)
    return made


def encoded(primitive: Any, message: Any) -> bytes:
    """The command set as pynetdicom encodes it."""
    message.primitive_to_message(primitive)
    (first, *_rest) = message.encode_msg(CONTEXT, LIMIT)
    ((_, value),) = first.presentation_data_value_list
    return bytes(value[1:])


def test_a_request_is_read_as_pynetdicom_writes_it() -> None:
    read = pdata.request_of(encoded(store(), C_STORE_RQ()), CONTEXT)
    assert read == pdata.Request(CONTEXT, dicom.MR.encode() + b"\0", b"1.2.3.45", b"\7\0")


@pytest.mark.parametrize("cut", [0, 1, 7, 11, 30, 60])
def test_a_command_set_that_is_cut_short_is_no_plain_request(cut: int) -> None:
    assert pdata.request_of(encoded(store(), C_STORE_RQ())[:cut], CONTEXT) is None


def test_what_is_no_store_with_a_data_set_is_left_to_pynetdicom() -> None:
    echo = C_ECHO()
    echo.MessageID, echo.AffectedSOPClassUID = 1, "1.2.840.10008.1.1"
    assert pdata.request_of(encoded(echo, C_ECHO_RQ()), CONTEXT) is None
    whole = encoded(store(), C_STORE_RQ())
    assert pdata.request_of(whole + whole[:12], CONTEXT) is None  # an element twice
    assert pdata.request_of(whole.replace(b"1.2.3.45", b"1.2/3.45"), CONTEXT) is None
    assert pdata.request_of(whole + b"\x08\0\x16\0\0\0\0\0", CONTEXT) is None  # of another group
    without = whole.replace(b"\0\0\0\x08\x02\0\0\0\x01\0", b"\0\0\0\x08\x02\0\0\0\x01\x01")
    assert without != whole
    assert pdata.request_of(without, CONTEXT) is None


@pytest.mark.parametrize("status", [0x0000, 0xA700, 0xC000])
def test_an_answer_is_read_by_pynetdicom(status: int) -> None:
    request = pdata.request_of(encoded(store(), C_STORE_RQ()), CONTEXT)
    assert request is not None
    pdu = P_DATA_TF()
    pdu.decode(pdata.answer(request, status))
    message = C_STORE_RSP()
    assert message.decode_msg(pdu.to_primitive())
    read = message.message_to_primitive()
    assert isinstance(read, C_STORE)
    assert (read.Status, read.MessageIDBeingRespondedTo) == (status, 7)
    assert (read.AffectedSOPClassUID, read.AffectedSOPInstanceUID) == (dicom.MR, "1.2.3.45")
    assert message.command_set.CommandGroupLength == len(encoded(read, C_STORE_RSP())) - 12


@pytest.mark.parametrize("instance", ["1.2.3.4", "1.2.3.45"])
def test_a_file_begins_as_pynetdicom_would_begin_it(instance: str, tmp_path: Path) -> None:
    syntax = "1.2.840.10008.1.2.1"
    theirs = BytesIO(b"\0" * 128 + b"DICM")
    theirs.seek(0, 2)
    made = create_file_meta(
        sop_class_uid=UID(dicom.MR), sop_instance_uid=UID(instance), transfer_syntax=UID(syntax)
    )
    write_file_meta_info(theirs, made)
    ours = pdata.beginning(dicom.MR.encode() + b"\0", instance.encode(), syntax.encode())
    assert ours == theirs.getvalue()


def data_set(*pieces: tuple[int, int, bytes]) -> memoryview:
    """Items of a PDU: (context, control header, fragment)."""
    return memoryview(
        b"".join(
            (len(data) + 2).to_bytes(4) + bytes([context, control]) + data
            for context, control, data in pieces
        )
    )


def serving() -> pdata.Stores:
    """What reads an association that accepted one context, without its socket."""
    stores = object.__new__(pdata.Stores)
    accepted = SimpleNamespace(
        transfer_syntax=["1.2.840.10008.1.2.1"], abstract_syntax=UID(dicom.MR)
    )
    stores._association = SimpleNamespace(_accepted_cx={CONTEXT: accepted}, _kill=False)
    stores._dul = DULServiceProvider(Association(AE(), "acceptor"))
    return stores


def plain() -> pdata.Request:
    request = pdata.request_of(encoded(store(), C_STORE_RQ()), CONTEXT)
    assert request is not None
    return request


@pytest.mark.parametrize(
    "items",
    [
        data_set((CONTEXT, 1, b"x")),  # a command within a data set
        data_set((CONTEXT + 2, 0, b"x")),  # of another context
        data_set((CONTEXT, 2, b"x"), (CONTEXT, 0, b"y")),  # more after the last
        memoryview(bytes(data_set((CONTEXT, 2, b"abcd")))[:-1]),  # longer than its PDU
        memoryview(b"\0\0\0"),
        memoryview(b"\0\0\0\1\3\2"),  # too short for its own head
    ],
)
def test_a_data_set_that_breaks_the_protocol_ends_the_association(
    items: memoryview, tmp_path: Path
) -> None:
    stores, request = serving(), plain()
    with pytest.raises(pdata._Odd):
        stores._receive(request, items, tmp_path / "a")
    assert stores._receive(request, data_set((CONTEXT, 2, b"abcd")), tmp_path / "b") is None
    assert (tmp_path / "b").read_bytes().endswith(b"abcd")
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
    gone = tmp_path / "none" / "c"
    assert stores._receive(request, data_set((CONTEXT, 2, b"abcd")), gone) == 0xA700


@pytest.mark.parametrize("body", [b"\0\0\0\0\3\3", b"\0\0\0\1\3\3", b"\0\0\1\0\3\3"])
def test_a_pdu_that_pynetdicom_cannot_read_either_breaks_the_protocol(body: bytes) -> None:
    stores = serving()
    assert stores._request(memoryview(body))[0] is None
    with pytest.raises(pdata._Odd):
        stores._hand_over(body)
    assert stores._dul.event_queue.empty()


def test_a_pdu_too_short_for_an_item_breaks_the_protocol() -> None:
    with pytest.raises(pdata._Odd):
        serving()._request(memoryview(b"\0\0\0\4\3"))


class Disk(RawIOBase):
    """A file that takes a byte at a time, as many as there is room for."""

    def __init__(self, room: int) -> None:
        self.room, self.content = room, b""

    def write(self, data: Any) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room, self.content = self.room - 1, self.content + bytes(data[:1])
        return 1


@pytest.mark.fault("A7")
@pytest.mark.parametrize("room", [0, 140, 10_000])  # none; for a piece of the head; for all
def test_a7_a_full_disk_is_answered_wherever_in_a_file_it_is_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    disk, path = Disk(room), tmp_path / "a"
    path.touch()
    monkeypatch.setattr(Path, "open", lambda *_args, **_how: disk)
    status = serving()._receive(plain(), data_set((CONTEXT, 2, b"abcd")), path)
    assert status == (None if room == 10_000 else pdata.OUT_OF_RESOURCES)
    whole = pdata.beginning(dicom.MR.encode(), b"1.2.3.45", b"1.2.840.10008.1.2.1") + b"abcd"
    assert disk.content == whole[:room]


@pytest.mark.parametrize("wanted", ["kill", "abort"])
def test_a_long_message_is_left_where_its_association_is_to_end(
    tmp_path: Path, wanted: str
) -> None:
    stores = serving()
    if wanted == "kill":
        stores._association._kill = True
    else:
        stores._dul.to_provider_queue.put(A_ABORT())
    with pytest.raises(pdata._Stopped):
        stores._receive(plain(), data_set((CONTEXT, 0, b"abcd")), tmp_path / "a")
