"""Send one DICOM object to a PACS: STOW-RS (PS3.18 10.5) or C-STORE (PS3.4 B). Pure."""

import json
import secrets
from http import HTTPStatus
from pathlib import Path

import pydicom
import requests

TIMEOUT_S = 60
TRANSIENT = frozenset([408, 425, 429])  # and every 5xx: the same request may succeed later
_SUCCESS, _WARNINGS = 0x0000, frozenset([0xB000, 0xB006, 0xB007])  # PS3.4 B.2.3
_OUT_OF_RESOURCES = 0xA700
_FAILED, _STORED = "00081198", "00081199"  # Failed, Referenced SOP Sequence


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
    status = answer.status_code
    if status in TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise NotTaken(f"It answered {status}.", is_final=False)
    if not _stored(status, answer.text):
        raise NotTaken(f"It answered {status} and did not store the object.", is_final=True)


def _stored(status: int, text: str) -> bool:
    """Whether an answer says that the one object of a request is stored (PS3.18 10.5.3).

    202 is both: of those who stored it with a warning, for elements that they changed, and of
    those who did not. Which one, only the document tells.
    """
    try:
        document = json.loads(text)
    except ValueError:
        return status == HTTPStatus.OK  # without a document
    named = document if isinstance(document, dict) else {}
    failed, stored = (bool((named.get(each) or {}).get("Value")) for each in (_FAILED, _STORED))
    return not failed and (status == HTTPStatus.OK or (status == HTTPStatus.ACCEPTED and stored))


def c_store(path: Path, address: str, *, calling: str, called: str) -> None:
    """Send a file to a storage SCP at `host:port`.

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
    ae.add_requested_context(data.SOPClassUID, data.file_meta.TransferSyntaxUID)
    opened: list[object] = []
    association = ae.associate(
        host, int(port), ae_title=called, evt_handlers=[(evt.EVT_CONN_OPEN, opened.append)]
    )
    if association.is_rejected:
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
