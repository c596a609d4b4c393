"""Send one DICOM object to a PACS: STOW-RS (PS3.18 10.5) or C-STORE (PS3.4 B). Pure."""

import json
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pydicom
import requests
from pydicom.uid import ImplicitVRLittleEndian

TIMEOUT_S = 60
TRANSIENT = frozenset([408, 425, 429])  # and every 5xx: the same request may succeed later
_SUCCESS, _WARNINGS = 0x0000, frozenset([0xB000, 0xB006, 0xB007])  # PS3.4 B.2.3
_OUT_OF_RESOURCES = 0xA700
# Failed, Other Failures and Referenced SOP Sequence, Failure Reason (PS3.18 I.1).
_FAILURES, _STORED, _REASON = ("00081198", "0008119A"), "00081199", "00081197"
_FOR_NOW = 0x02  # the result of an association that is rejected, transient (PS3.8 9.3.4)


class NotTaken(Exception):
    """The PACS did not take the object; `is_final` says that sending it again will not help."""

    def __init__(self, words: str, *, is_final: bool) -> None:
        super().__init__(words)
        self.is_final = is_final


def stow(path: Path, url: str, *, token: str = "") -> None:
    """Send a file to a DICOMweb service, whose `url` ends before `/studies`.

    Raises
    ------
    NotTaken
        With what the service said.
    """
    boundary = secrets.token_hex(16)
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    body = head + path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        "Accept": "application/dicom+json",
    }
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        answer = requests.post(
            f"{url.rstrip('/')}/studies", data=body, headers=headers, timeout=TIMEOUT_S,
            allow_redirects=False,
        )  # fmt: skip
    except requests.RequestException as error:
        raise NotTaken(f"No answer: {type(error).__name__}.", is_final=False) from None
    status, document = answer.status_code, _document(answer.text)
    if status in TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise NotTaken(f"It answered {status}.", is_final=False)
    reasons = _reasons(document or {})
    if reasons or not _is_stored(status, document):
        is_full = any(each & 0xFF00 == _OUT_OF_RESOURCES for each in reasons)
        why = "".join(f", for {each:04X}H" for each in reasons[:1])
        words = f"It answered {status} and did not store the object{why}."
        raise NotTaken(words, is_final=not is_full)


def _document(text: str) -> dict[str, Any] | None:
    """A response module; None without one."""
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else {}


def _reasons(document: dict[str, Any]) -> list[int]:
    """Why the object was not stored; 0 where there is no number."""
    items = [each for name in _FAILURES for each in _values(document, name)]
    numbers = [next(iter(_values(each, _REASON)), 0) for each in items]
    return [each if isinstance(each, int) else 0 for each in numbers]


def _values(document: Any, tag: str) -> list[Any]:
    element = document.get(tag) if isinstance(document, dict) else None
    values = element.get("Value") if isinstance(element, dict) else None
    return values if isinstance(values, list) else []


def _is_stored(status: int, document: dict[str, Any] | None) -> bool:
    """Whether an answer without a failure says that the object is stored (PS3.18 10.5.3).

    202 is both: of those who stored it with a warning, for elements that they changed, and of
    those who did not. Which one, only the document tells.
    """
    is_named = bool(_values(document, _STORED))
    return status == HTTPStatus.OK or (status == HTTPStatus.ACCEPTED and is_named)


def c_store(path: Path, address: str, *, calling: str, called: str) -> None:
    """Send a file to a storage SCP at `host:port`.

    It is offered as it is encoded and, as PS3.5 10.1 asks, in implicit VR little endian.

    Raises
    ------
    NotTaken
        When there is no association, the class is not taken, or with the status of a refusal.
    """
    from pynetdicom import AE, evt  # slow to load, and the worker alone sends

    host, _, port = address.rpartition(":")
    data = pydicom.dcmread(path)
    ae = AE(ae_title=calling)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = TIMEOUT_S
    ae.connection_timeout = TIMEOUT_S
    syntaxes = dict.fromkeys([str(data.file_meta.TransferSyntaxUID), str(ImplicitVRLittleEndian)])
    ae.add_requested_context(data.SOPClassUID, [*syntaxes])
    opened: list[object] = []
    association = ae.associate(
        host, int(port), ae_title=called, evt_handlers=[(evt.EVT_CONN_OPEN, opened.append)]
    )
    if association.is_rejected:
        answer = association.acceptor.primitive
        if answer is not None and answer.result == _FOR_NOW:
            raise NotTaken("It takes no more associations for now.", is_final=False)
        raise NotTaken("It rejected the association: check the AE titles.", is_final=True)
    if not association.is_established:
        if association.rejected_contexts:
            raise NotTaken("It does not take this kind of object.", is_final=True)
        why = "it broke off, or did not answer" if opened else "it cannot be reached"
        raise NotTaken(f"No association: {why}.", is_final=False)
    try:
        status = association.send_c_store(data).get("Status")
    finally:
        association.release()
    if status is None:
        raise NotTaken("The association broke.", is_final=False)
    if status != _SUCCESS and status not in _WARNINGS:
        is_final = status & 0xFF00 != _OUT_OF_RESOURCES
        raise NotTaken(f"It refused the object with status {status:04X}H.", is_final=is_final)
