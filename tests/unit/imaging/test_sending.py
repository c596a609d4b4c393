"""What a PACS answers to an object by STOW-RS: there, to be tried again, or set aside."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from readerstudy.imaging import sending

STORED = {"00081199": {"vr": "SQ", "Value": [{"00081196": {"vr": "US", "Value": [0xB000]}}]}}
FAILED = {"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [0xA700]}}]}}
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
