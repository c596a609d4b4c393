"""A network that fails: a TCP proxy between the readers and the server."""

import contextlib
import socket
import threading
import time
from enum import Enum

PORTAL = b"<html><body>Please accept the terms of this network.</body></html>"
HTML = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
    b"Content-Length: " + str(len(PORTAL)).encode() + b"\r\n\r\n" + PORTAL
)
HEAD_END = b"\r\n\r\n"


class Weather(Enum):
    """What the network does to each new connection."""

    FINE = "fine"
    CUT = "cut"  # closed at once
    SLOW = "slow"  # half a second each way
    LOST_REPLY = "lost reply"  # the server answers, nobody hears it (C4)
    HALF_REQUEST = "half request"  # the body breaks off (C3)
    PORTAL = "portal"  # a captive portal answers 200 with a page of its own (C3)


class Proxy:
    """Listens on a port of its own and passes connections on, as the weather lets it."""

    def __init__(self, target: int) -> None:
        self.target, self.weather = target, Weather.FINE
        self.spoilt = 0
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        weather = self.weather
        self.spoilt += weather is not Weather.FINE
        with client, contextlib.suppress(OSError):
            client.settimeout(30)
            if weather is Weather.CUT:
                return
            request = _request(client)
            if weather is Weather.PORTAL:
                client.sendall(HTML)
                return
            if weather is Weather.SLOW:
                time.sleep(0.5)
            reply = self._ask(request, whole=weather is not Weather.HALF_REQUEST)
            if weather in {Weather.FINE, Weather.SLOW}:
                client.sendall(reply)

    def _ask(self, request: bytes, *, whole: bool) -> bytes:
        """The server's whole answer; readers use a connection for one request only."""
        with socket.create_connection(("127.0.0.1", self.target), 30) as server:
            if not whole:
                server.sendall(request[: len(request) - max(1, len(request) // 4)])
                return b""
            server.sendall(request.replace(HEAD_END, b"\r\nConnection: close" + HEAD_END, 1))
            return _all(server)


def _request(client: socket.socket) -> bytes:
    """One request: its head, and as much body as the head says."""
    content = b""
    while HEAD_END not in content:
        content += (more := client.recv(65536))
        if not more:
            return content
    head, _, body = content.partition(HEAD_END)
    lines = [line.split(b":", 1) for line in head.split(b"\r\n")[1:]]
    length = next((int(value) for name, value in lines if name.lower() == b"content-length"), 0)
    while len(body) < length:
        body += (more := client.recv(65536))
        if not more:
            break
    return head + HEAD_END + body


def _all(server: socket.socket) -> bytes:
    parts = []
    while part := server.recv(65536):
        parts.append(part)
    return b"".join(parts)
