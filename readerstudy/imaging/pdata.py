"""C-STORE requests, read straight off an association's socket (PS3.7 9.1.1, 9.3.1; PS3.8 9.3.5).

pynetdicom negotiates, releases and aborts an association. Between that it makes objects of every
PDU in one thread and serves the request in another, which wait for each other in steps of a
millisecond: more CPU than all that is done with the file. Here a plain request's data set goes
from the socket to a file, and its answer back. Whatever is not as plain, byte by byte, is given to
pynetdicom as it came.
"""

import re
import select
import socket
import struct
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import structlog
from pynetdicom import PYNETDICOM_IMPLEMENTATION_UID, PYNETDICOM_IMPLEMENTATION_VERSION
from pynetdicom.pdu_primitives import A_ABORT, A_P_ABORT

log = structlog.get_logger(__name__)
OUT_OF_RESOURCES = 0xA700
_P_DATA, _ESTABLISHED = 0x04, "Sta6"
_CLOSED, _INVALID = "Evt17", "Evt19"  # events of pynetdicom's state machine (PS3.8 9.2)
_PDU, _PDV = struct.Struct(">BxL"), struct.Struct(">LBB")
_IS_COMMAND, _IS_LAST = 1, 2  # bits of a message control header (PS3.8 E.2)
_WHOLE_COMMAND = _IS_COMMAND | _IS_LAST
_STORE_RQ, _STORE_RSP, _NO_DATA_SET = 0x0001, 0x8001, 0x0101
_US, _ELEMENT = struct.Struct("<H"), struct.Struct("<HHL")
_CLASS, _COMMAND, _MESSAGE, _ANSWERED = 0x0002, 0x0100, 0x0110, 0x0120
_DATA_SET, _STATUS, _INSTANCE = 0x0800, 0x0900, 0x1000
_UID = re.compile(rb"[0-9.]{1,64}")
_PREAMBLE = b"\0" * 128 + b"DICM"
_PATIENCE_MS = 100  # for the next request of a sender that sends one after the other


class Request(NamedTuple):
    """A C-STORE request's command set, as far as it is read."""

    context: int
    sop_class: bytes  # as they were encoded, for the answer says them again
    instance: bytes
    message: bytes


class _Odd(Exception):
    """A PDU that breaks the protocol."""


class _Gone(Exception):
    """The peer is not there any more, or silent within a message."""


class _Stopped(Exception):
    """The association is to be ended from here; pynetdicom does it."""


class Stores:
    """Takes the plain C-STORE requests of one association, in pynetdicom's thread for its socket.

    Parameters
    ----------
    association
        pynetdicom's, that was just accepted.
    place : callable
        Gives a new file's path for a data set.
    take : callable
        Given the file, does what is to be done; the status of the answer (PS3.4 B.2.3).
    leave : callable
        Called when the association ends or pynetdicom reads on, in another thread.
    limit : int
        The longest PDU that was agreed to, bytes.
    seconds : float
        For which a peer may be silent within a message.
    """

    def __init__(
        self,
        association: Any,
        *,
        place: Callable[[], Path],
        take: Callable[[Path], int],
        leave: Callable[[], None],
        limit: int,
        seconds: float,
    ) -> None:
        self._association, self._dul = association, association.dul
        self._place, self._take, self._leave = place, take, leave
        self._silence_ms = 1000 * seconds
        self._theirs: Callable[[], None] = self._dul._read_pdu_data  # noqa: SLF001
        self._buffer = memoryview(bytearray(limit))
        self._waiting = select.poll()
        self._socket: socket.socket = self._dul.socket.socket
        self._waiting.register(self._socket, select.POLLIN)
        self._dul._read_pdu_data = self._read  # noqa: SLF001 -- the one door there is

    def _read(self) -> None:
        """Take what is there; in the place of pynetdicom's reading of one PDU.

        Nothing may be raised into pynetdicom's thread: it would end there, and no handler would
        be told that the association is over.
        """
        event = ""
        try:
            if self._is_ours():
                self._serve()
                return
        except _Stopped:
            self._leave()
            return
        except (_Gone, OSError) as error:
            event = _CLOSED
            log.warning("an association breaks off", error=type(error).__name__)
        except _Odd as error:
            event = _INVALID
            log.warning("a PDU breaks the protocol", error=repr(error.__cause__))
        except Exception:
            event = _INVALID
            log.exception("an association is aborted")
        self._leave()  # it ends, or goes on in another thread
        if event:
            self._dul.event_queue.put(event)
        else:
            self._theirs()

    def _serve(self) -> None:
        # The other thread would ask every millisecond whether there is something to do.
        self._association._reactor_checkpoint.clear()  # noqa: SLF001
        try:
            while self._took_one() and self._is_more():
                pass
        finally:
            self._dul._idle_timer.restart()  # noqa: SLF001
            self._association._reactor_checkpoint.set()  # noqa: SLF001

    def _is_ours(self) -> bool:
        """Whether a message begins in a PDU that fits; another's next PDU is pynetdicom's."""
        is_between = self._dul.state_machine.current_state == _ESTABLISHED
        if not is_between or self._association.dimse.message is not None:
            return False
        head = self._socket.recv(_PDU.size, socket.MSG_PEEK)
        if len(head) < _PDU.size:
            return False
        kind, length = _PDU.unpack(head)
        return bool(kind == _P_DATA and length <= len(self._buffer))

    def _is_more(self) -> bool:
        """Whether another message follows at once, and nobody else wants something."""
        if self._is_killed() or self._dul.to_provider_queue.queue:
            return False
        return bool(self._waiting.poll(_PATIENCE_MS)) and self._is_ours()

    def _is_killed(self) -> bool:
        return bool(self._dul._kill_thread or self._association._kill)  # noqa: SLF001

    def _go_on(self) -> None:
        """Within a message, which may be long: end where an end is wanted."""
        waiting = list(self._dul.to_provider_queue.queue)
        if self._is_killed() or any(isinstance(each, (A_ABORT, A_P_ABORT)) for each in waiting):
            raise _Stopped

    def _took_one(self) -> bool:
        """Read a request whole and answer it; False where it is given to pynetdicom."""
        pdu = self._pdu()
        request, rest = self._request(pdu)
        if request is None:
            self._hand_over(bytes(pdu))
            return False
        path = self._place()
        try:
            status = self._receive(request, rest, path)
            self._socket.sendall(answer(request, self._take(path) if status is None else status))
        finally:
            path.unlink(missing_ok=True)
        return True

    def _hand_over(self, body: bytes) -> None:
        """Let pynetdicom read a PDU that was read here."""
        whole = bytearray(_PDU.pack(_P_DATA, len(body)) + body)
        try:
            pdu, event = self._dul._decode_pdu(whole)  # noqa: SLF001
        except Exception as error:  # of many kinds: assertions, struct.error, KeyError
            raise _Odd from error
        self._dul.event_queue.put(event)
        self._dul._recv_pdu.put(pdu)  # noqa: SLF001

    def _pdu(self) -> memoryview:
        """The next PDU's items; what was read before is overwritten."""
        kind, length = _PDU.unpack(self._filled(_PDU.size))
        if kind != _P_DATA or length > len(self._buffer):
            raise _Odd
        return self._filled(length)

    def _filled(self, size: int) -> memoryview:
        done = 0
        while done < size:
            if not self._waiting.poll(self._silence_ms):
                raise _Gone
            count = self._socket.recv_into(self._buffer[done:size])
            if not count:
                raise _Gone
            done += count
        return self._buffer[:size]

    def _request(self, pdu: memoryview) -> tuple[Request | None, memoryview]:
        """The request that begins here, and the items after it; None for what is not plain."""
        if len(pdu) < _PDV.size:
            raise _Odd
        length, context, control = _PDV.unpack_from(pdu)
        end = length + 4
        if control & _WHOLE_COMMAND != _WHOLE_COMMAND or end > len(pdu):
            return None, pdu
        accepted = self._association._accepted_cx.get(context)  # noqa: SLF001
        found = request_of(bytes(pdu[_PDV.size : end]), context)
        if accepted is None or found is None:
            return None, pdu
        if found.sop_class.rstrip(b"\0").decode() != accepted.abstract_syntax:
            return None, pdu
        return found, pdu[end:]

    def _receive(self, request: Request, items: memoryview, path: Path) -> int | None:
        """Write the data set to a file; a status where that cannot be, all read all the same."""
        syntax = self._association._accepted_cx[request.context].transfer_syntax[0]  # noqa: SLF001
        try:
            file = path.open("xb", buffering=0)
            path.chmod(0o600)
        except OSError:
            log.exception("a data set cannot be written")
            self._drain(request.context, items, None)
            return OUT_OF_RESOURCES
        with file:
            head = beginning(request.sop_class, request.instance, str(syntax).encode())
            begun = _written(file, memoryview(head))
            return None if self._drain(request.context, items, begun) else OUT_OF_RESOURCES

    def _drain(self, context: int, items: memoryview, file: BinaryIO | None) -> bool:
        """Read on to the end of the data set; whether all of it was written."""
        while True:
            at = 0
            while at < len(items):
                if len(items) - at < _PDV.size:
                    raise _Odd
                length, of, control = _PDV.unpack_from(items, at)
                end = at + 4 + length
                if control & _IS_COMMAND or of != context or length < 2 or end > len(items):  # noqa: PLR2004
                    raise _Odd
                file = _written(file, items[at + _PDV.size : end])
                if control & _IS_LAST:
                    if end != len(items):
                        raise _Odd
                    return file is not None
                at = end
            self._go_on()
            items = self._pdu()


def _written(file: BinaryIO | None, data: memoryview) -> BinaryIO | None:
    """Write on; None once that failed, as on a full disk."""
    try:
        while file is not None and data:
            data = data[file.write(data) :]
    except OSError:
        log.exception("a data set cannot be written")
        return None
    return file


def request_of(command: bytes, context: int) -> Request | None:
    """A command set (implicit VR little endian, group 0000) as a C-STORE request with a data set.

    None for another one, and for one that is odd in any way.
    """
    found: dict[int, bytes] = {}
    at = 0
    while at + _ELEMENT.size <= len(command):
        group, element, length = _ELEMENT.unpack_from(command, at)
        at += _ELEMENT.size
        if group or element in found or at + length > len(command):
            return None
        found[element] = command[at : at + length]
        at += length
    numbers = [found.get(each, b"") for each in (_COMMAND, _MESSAGE, _DATA_SET)]
    uids = [found.get(each, b"") for each in (_CLASS, _INSTANCE)]
    if at != len(command) or any(len(each) != _US.size for each in numbers):
        return None
    if not all(_UID.fullmatch(each.removesuffix(b"\0")) for each in uids):
        return None
    if _US.unpack(numbers[0])[0] != _STORE_RQ or _US.unpack(numbers[2])[0] == _NO_DATA_SET:
        return None
    return Request(context, uids[0], uids[1], numbers[1])


def answer(request: Request, status: int) -> bytes:
    """The C-STORE response as a PDU (PS3.7 9.3.1.2)."""
    body = b"".join(
        _ELEMENT.pack(0, element, len(value)) + value
        for element, value in (
            (_CLASS, request.sop_class), (_COMMAND, _US.pack(_STORE_RSP)),
            (_ANSWERED, request.message), (_DATA_SET, _US.pack(_NO_DATA_SET)),
            (_STATUS, _US.pack(status)), (_INSTANCE, request.instance),
        )
    )  # fmt: skip
    command = _ELEMENT.pack(0, 0, 4) + struct.pack("<L", len(body)) + body
    item = _PDV.pack(len(command) + 2, request.context, _WHOLE_COMMAND) + command
    return _PDU.pack(_P_DATA, len(item)) + item


def beginning(sop_class: bytes, instance: bytes, syntax: bytes) -> bytes:
    """Preamble and meta information of a file (PS3.10 7.1), as pynetdicom writes them."""
    meta = (
        _meta(0x0001, b"OB\0\0", "<L", b"\0\1"),
        _uid(0x0002, sop_class),
        _uid(0x0003, instance),
        _ending(syntax),
    )
    told = b"".join(meta)
    return _PREAMBLE + _meta(0x0000, b"UL", "<H", struct.pack("<L", len(told))) + told


@lru_cache(maxsize=32)
def _ending(syntax: bytes) -> bytes:
    version = PYNETDICOM_IMPLEMENTATION_VERSION.encode()
    return b"".join(
        (
            _uid(0x0010, syntax),
            _uid(0x0012, str(PYNETDICOM_IMPLEMENTATION_UID).encode()),
            _meta(0x0013, b"SH", "<H", version + b" " * (len(version) % 2)),
        )
    )


def _uid(element: int, value: bytes) -> bytes:
    value = value.removesuffix(b"\0")
    return _meta(element, b"UI", "<H", value + b"\0" * (len(value) % 2))


def _meta(element: int, kind: bytes, length: str, value: bytes) -> bytes:
    return struct.pack("<HH", 2, element) + kind + struct.pack(length, len(value)) + value
