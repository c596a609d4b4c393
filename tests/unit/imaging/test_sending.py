"""What a PACS answers to an object: there, to be tried again, or set aside."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom import AE, evt

from readerstudy.imaging import sending
from tests import dicom

STORED = {"00081199": {"vr": "SQ", "Value": [{"00081196": {"vr": "US", "Value": [0xB000]}}]}}


def failed(reason: int, tag: str = "00081198") -> str:
    return json.dumps({tag: {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [reason]}}]}})


FAILED = json.loads(failed(0x0122))
Answering = Callable[[int, str], str]


@pytest.fixture
def pacs() -> Iterator[Answering]:
    """A service that answers each request so; answers its address."""
    told: list[tuple[int, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert b"DICM" in self.rfile.read(int(self.headers["Content-Length"]))
            status, text = told[-1]
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def answering(status: int, text: str) -> str:
        told.append((status, text))
        return f"http://127.0.0.1:{server.server_port}/dicom-web"

    yield answering
    server.shutdown()
    server.server_close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "one.dcm"
    made.write_bytes(b"\0" * 128 + b"DICM")
    return made


@pytest.mark.parametrize(
    ("status", "document"),
    [(200, STORED), (200, {}), (200, None), (202, STORED)],
    ids=["stored", "empty", "no document", "with a warning"],
)
def test_what_is_stored_is_done(
    pacs: Answering, path: Path, status: int, document: dict[str, object] | None
) -> None:
    sending.stow(path, pacs(status, "" if document is None else json.dumps(document)))


@pytest.mark.parametrize(
    ("status", "text", "is_final"),
    [
        (200, json.dumps(FAILED), True), (202, json.dumps(FAILED), True),
        (202, json.dumps(STORED | FAILED), True), (202, "{}", True), (202, "", True),
        (202, "[1]", True), (302, "", True), (401, "", True), (409, json.dumps(FAILED), True),
        (409, failed(0xC000, "0008119A"), True), (200, failed(0x0110, "0008119A"), True),
        (409, failed(0xA700), False), (202, failed(0xA7FF), False), (200, failed(0xA700), False),
        (409, '{"00081198": {"vr": "SQ", "Value": [null]}}', True),
        (408, "", False), (429, "", False), (500, "", False), (503, "", False),
    ],
)  # fmt: skip
def test_what_is_not_is_tried_again_only_where_that_may_help(
    pacs: Answering, path: Path, status: int, text: str, is_final: bool  # noqa: FBT001
) -> None:  # fmt: skip
    with pytest.raises(sending.NotTaken, match=f"answered {status}") as why:
        sending.stow(path, pacs(status, text))
    assert why.value.is_final is is_final


def test_who_does_not_answer_is_asked_again(path: Path) -> None:
    with pytest.raises(sending.NotTaken, match="No answer") as why:
        sending.stow(path, "http://127.0.0.1:9/dicom-web")
    assert not why.value.is_final


Listening = Callable[[AE, Callable[[evt.Event], int]], str]


@pytest.fixture
def listening() -> Iterator[Listening]:
    """Has an application entity take what comes; answers its address."""
    started: list[AE] = []

    def start(entity: AE, take: Callable[[evt.Event], int]) -> str:
        handlers: list[object] = [(evt.EVT_C_STORE, take)]
        server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        started.append(entity)
        return f"127.0.0.1:{server.server_address[1]}"

    yield start
    for entity in started:
        entity.shutdown()


def test_who_takes_implicit_little_endian_only_gets_it(
    listening: Listening, tmp_path: Path
) -> None:
    """It may be all that a PACS takes: PS3.5 10.1 has everybody offer it."""
    sent, taken = dicom.save(dicom.image(), tmp_path / "a"), []

    def take(event: evt.Event) -> int:
        taken.append((event.context.transfer_syntax, event.dataset))
        return 0

    entity = AE()
    entity.add_supported_context(dicom.MR, ImplicitVRLittleEndian)
    sending.c_store(sent, listening(entity, take), calling="US", called="PACS")
    ((syntax, data),) = taken
    assert syntax == ImplicitVRLittleEndian
    image = dicom.image()
    assert (data.SOPInstanceUID, data.PixelData) == (image.SOPInstanceUID, image.PixelData)


def test_who_takes_no_more_associations_for_now_is_asked_again(
    listening: Listening, tmp_path: Path
) -> None:
    """Rejected, transient (PS3.8 9.3.4): the AE titles are right."""
    entity = AE()
    entity.add_supported_context(dicom.MR)
    entity.maximum_associations = 1
    address = listening(entity, lambda _event: 0)
    first = AE()
    first.add_requested_context(dicom.MR)
    held = first.associate("127.0.0.1", int(address.rpartition(":")[2]))
    assert held.is_established
    with pytest.raises(sending.NotTaken, match="for now") as why:
        sending.c_store(
            dicom.save(dicom.image(), tmp_path / "a"), address, calling="US", called="PACS"
        )
    held.release()
    assert not why.value.is_final


@pytest.mark.parametrize(("status", "is_final"), [(0xA700, False), (0xA900, True), (0x0122, True)])
def test_a_status_of_c_store_says_whether_to_try_again(
    listening: Listening, tmp_path: Path, *, status: int, is_final: bool
) -> None:
    entity = AE()
    entity.add_supported_context(dicom.MR)
    path, address = dicom.save(dicom.image(), tmp_path / "a"), listening(entity, lambda _: status)
    with pytest.raises(sending.NotTaken, match=f"{status:04X}H") as why:
        sending.c_store(path, address, calling="US", called="PACS")
    assert why.value.is_final is is_final
