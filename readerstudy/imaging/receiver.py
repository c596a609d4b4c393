"""The C-STORE receiver: a storage SCP (PS3.4 B) whose files go through the one intake.

Who may send what where is data: the senders (`services.add_sender`). An association is a delivery;
when it ends, a worker packs and checks what came, and detectors take it up, unasked.
"""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import close_old_connections, connections
from pynetdicom import AE, _config, evt
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from readerstudy.imaging import pdata, selectors, services
from readerstudy.imaging.models import Sender, Upload
from readerstudy.imaging.parsing import IMAGE_CLASSES
from readerstudy.imaging.pixels import DECODABLE
from readerstudy.imaging.refusals import Reason, failure

log = structlog.get_logger(__name__)
SOURCE = "c-store"
SUCCESS, FAILURE = 0x0000, 0x0110
MAX_PDU = 128 * 1024
PLAIN = "1.2.840.10008.1.2.1"  # explicit little endian goes first: only it is made from a mould
MAX_ASSOCIATIONS = 10
SECONDS, SECONDS_TO_ASK = 60, 10
# A-ASSOCIATE-RJ (PS3.8 9.3.4): rejected for good, by the user of the service, and why.
_REJECTED, _BY_USER, _CALLING_UNKNOWN = 1, 1, 3


@dataclass
class Delivery:
    """What an association has brought so far."""

    sender: Sender
    upload: Upload | None = None
    places: services.Places | None = None
    batch: services.Batch | None = None
    lock: Lock = field(default_factory=Lock)  # plain requests come in another thread than others

    def take(self, path: Path) -> services.Outcome:
        """Take one file in; the next goes to another delivery where this one was ended meanwhile.

        (By another receiver, that was started.) What came then is packed all the same.
        """
        self.batch = self.batch or services.Batch(self.sender.collection, self._tally)
        self.batch.add_path(path)
        (outcome,) = self.batch.flush()
        if not self.batch.was_open:
            self.upload = None
        return outcome

    def _tally(self) -> services.Tally:
        if self.upload is None:
            self.upload = services.start_upload(self.sender.collection, by=None, source=SOURCE)
        self.places = self.places or services.Places(self.sender.collection)
        return services.Tally(self.upload, places=self.places)


class Receiver:
    """One server on one port. Handlers run in a thread for each association."""

    def __init__(self, *, associations: int = MAX_ASSOCIATIONS) -> None:
        self._deliveries: dict[Any, Delivery] = {}
        self.ae = AE()
        self.ae.maximum_pdu_size = MAX_PDU
        self.ae.maximum_associations = associations
        self.ae.dimse_timeout = self.ae.network_timeout = SECONDS
        self.ae.acse_timeout = SECONDS_TO_ASK
        self.ae.supported_contexts = contexts()

    def start(self, host: str, port: int, *, block: bool = False) -> Any:
        """Listen; what was left half received by a process that died is taken up first.

        Returns
        -------
        the server, when not `block`

        Raises
        ------
        OSError
            Where nobody can listen, as beside one that does: what it receives is left alone.
        """
        _require_free(host, port)
        spool().mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in spool().iterdir():  # of a process that died; nothing identified outlives it
            left.unlink()
        tempfile.tempdir = str(spool())  # where pynetdicom writes what it receives
        _config.STORE_RECV_CHUNKED_DATASET = True  # to disk as it comes, never whole in memory
        for upload in selectors.open_uploads(SOURCE):
            services.end_upload(upload, by=None)
        handlers: list[Any] = [
            (evt.EVT_CONN_OPEN, cap_pdu),
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_ACCEPTED, self._accepted),
            (evt.EVT_C_STORE, self._stored),
            (evt.EVT_C_ECHO, lambda _event: SUCCESS),
            (evt.EVT_RELEASED, self._ended),
            (evt.EVT_ABORTED, self._ended),
            (evt.EVT_CONN_CLOSE, self._ended),
        ]
        return self.ae.start_server((host, port), block=block, evt_handlers=handlers)

    def _requested(self, event: Any) -> None:
        """Reject who is not on the list, before anything is negotiated."""
        asked = event.assoc.requestor.primitive
        titles = {"calling": asked.calling_ae_title, "called": asked.called_ae_title}
        with _database():
            sender = selectors.sender_of_ae_titles(
                **{name: str(title).strip() for name, title in titles.items()}
            )
        if sender is None:
            log.warning("association rejected", address=event.assoc.requestor.address)
            event.assoc.acse.send_reject(_REJECTED, _BY_USER, _CALLING_UNKNOWN)
            event.assoc.kill()
            return
        self._deliveries[event.assoc] = Delivery(sender)

    def _accepted(self, event: Any) -> None:
        """Plain requests are read here, without the way through pynetdicom's objects."""
        association = event.assoc
        pdata.Stores(
            association,
            place=lambda: spool() / uuid4().hex,
            take=lambda path: self._take(association, path),
            leave=_leave_database,  # opened again, by the same thread, for what comes later
            limit=MAX_PDU,
            seconds=SECONDS,
        )

    def _stored(self, event: Any) -> int:
        return self._take(event.assoc, event.dataset_path)

    def _take(self, association: Any, path: Path) -> int:
        delivery = self._deliveries.get(association)
        if delivery is None:
            return FAILURE
        with delivery.lock, _database():
            try:
                return _take(delivery, path)
            except Exception:
                log.exception("a file could not be taken in")
                return FAILURE

    def _ended(self, event: Any) -> None:
        delivery = self._deliveries.pop(event.assoc, None)
        if delivery is not None and delivery.upload is not None:
            with _database():
                services.end_upload(delivery.upload, by=None)
        _leave_database()  # this thread ends with its association


def _require_free(host: str, port: int) -> None:
    (family, kind, _, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def spool() -> Path:
    """Where a file is while it is received."""
    return Path(settings.SPOOL_DIR) / "c-store"


def contexts() -> list[PresentationContext]:
    """C-ECHO, and the images that intake takes in the transfer syntaxes that it can decode."""
    made = []
    for name, syntaxes in (
        (str(Verification), ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"]),
        *((name, [PLAIN, *sorted(DECODABLE - {PLAIN})]) for name in sorted(IMAGE_CLASSES)),
    ):
        context = PresentationContext()
        context.abstract_syntax, context.transfer_syntax = name, list(syntaxes)
        made.append(context)
    return made


def cap_pdu(event: Any) -> None:
    """Close a connection whose PDU says that it is longer than was agreed.

    pynetdicom reads as many bytes as the peer announces, up to 4 GiB, into memory.
    """
    connection = event.assoc.dul.socket
    receive = connection.recv

    def capped(size: int) -> Any:
        if size > MAX_PDU + 6:
            raise OSError("PDU too long")
        return receive(size)

    connection.recv = capped


def _take(delivery: Delivery, path: Path) -> int:
    """Take one file in; the C-STORE status."""
    outcome = delivery.take(path)
    return failure(Reason[outcome["code"]]) if "code" in outcome else SUCCESS


@contextmanager
def _database() -> Iterator[None]:
    """A handler's database connection: its thread's, kept from file to file while it works."""
    close_old_connections()
    yield
    close_old_connections()


def _leave_database() -> None:
    if not any(each.in_atomic_block for each in connections.all()):
        connections.close_all()
