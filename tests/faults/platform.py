"""A platform of real processes for one fault test: its own data, server and database."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.cast import PASSWORD
from tests.scripted import NOT_JSON, Answer, Refused, parsed

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN_S = 180.0


class Gone(ConnectionError):
    """No whole answer came: refused, reset, or cut off."""


class Helper:
    """The process of `helper.py`, with Django set up in an environment."""

    def __init__(self, environment: dict[str, str]) -> None:
        """Start it, and wait until it says where it listens."""
        self.environment = environment
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.helper"],
            env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())

    def end(self) -> None:
        """Close its input, which ends it."""
        self.process.communicate()


@dataclass
class Platform:
    """A server that can be killed and started again on the same data."""

    folder: Path
    database: str  # DATABASE_URL, or empty for SQLite in the folder
    broker: str = ""  # BROKER_URL, or empty for the queue in the folder
    study: str = ""
    port: int = 0
    door: int = 0  # where readers knock: the server's port, or a proxy's before it
    server: subprocess.Popen[bytes] | None = None
    helper: "Helper | None" = field(default=None, init=False)

    def environment(self, **more: str) -> dict[str, str]:
        """What the platform's processes run with."""
        servers = {"DATABASE_URL": self.database, "BROKER_URL": self.broker}
        inherited = {key: value for key, value in os.environ.items() if key not in servers}
        mine = {
            "DJANGO_SETTINGS_MODULE": "readerstudy.settings",
            "READERSTUDY_VAR": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LOG_LEVEL": "CRITICAL",
        }
        return {**inherited, **mine, **{key: url for key, url in servers.items() if url}, **more}

    def ask(self, module: str, *arguments: str) -> str:
        """Run a module of this package on the platform's data; answers what it printed."""
        with socket.create_connection(("127.0.0.1", self._helpers_port())) as asked:
            asked.sendall(json.dumps([module, *arguments]).encode() + b"\n")
            with asked.makefile("rb") as answers:
                answer = json.loads(answers.read())  # nothing: it was killed
        assert not answer["problem"], answer["problem"][-3000:]
        return str(answer["printed"].strip().splitlines()[-1])

    def _helpers_port(self) -> int:
        """Where the process that runs modules listens; another one where servers were changed."""
        if self.helper is None or self.helper.environment != self.environment():
            self.end_helper()
            self.helper = Helper(self.environment())
        return self.helper.port

    def end_helper(self) -> None:
        """End the process that runs modules, if there is one."""
        if self.helper is not None:
            self.helper.end()
            self.helper = None

    def end(self) -> None:
        """End all its processes."""
        self.kill()
        self.end_helper()

    def prepare(self, *, readers: int = 0, cases: int = 40) -> None:
        """Make the database and a running study, with more readers than the cast has if asked."""
        self.study = self.ask("prepare", str(readers), str(cases))

    def examine(self, *without: str) -> dict[str, Any]:
        """What the database holds, without a read where one is named."""
        return dict(json.loads(self.ask("examine", *without)))

    def start(self, *, failpoint: str = "") -> None:
        """Start the server; with a failpoint it dies at that place."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = self.port or free.getsockname()[1]
        command = [
            str(Path(sys.executable).with_name("granian")), "--interface", "wsgi",
            "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1",
            "--blocking-threads", "4", "--no-log", "tests.faults.app:application",
        ]  # fmt: skip
        self.server = subprocess.Popen(
            command, cwd=ROOT, env=self.environment(READERSTUDY_FAILPOINT=failpoint),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < end:
            try:
                if self.request("GET", "/health", port=self.port)[0] == 200:
                    return
            except Gone:
                time.sleep(0.05)
        raise TimeoutError("The server did not start.")

    def kill(self) -> None:
        """Kill the server and all its workers, as by `kill -9`."""
        if self.server is not None:
            os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()
            self.server = None

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        port: int = 0,
    ) -> tuple[int, bytes, dict[str, str], list[str]]:
        """One request on a connection of its own: status, body, headers, cookies.

        A body in bytes is sent as it is.
        """
        port = port or self.door or self.port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        content = body if body is None or isinstance(body, bytes) else json.dumps(body)
        try:
            connection.request(method, path, content, dict(headers or {}))
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Gone(str(error)) from error
        finally:
            connection.close()
        named = {name.lower(): value for name, value in response.headers.items()}
        return response.status, answer, named, response.headers.get_all("Set-Cookie") or []


@dataclass
class Browser:
    """A signed-in browser over HTTP: cookies and CSRF token."""

    platform: Platform
    cookies: dict[str, str] = field(default_factory=dict)
    heard: dict[str, str] = field(default_factory=dict)  # headers of the last answer

    def cookie(self) -> dict[str, str]:
        """The header that names the session."""
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    def sign_in(self, username: str) -> None:
        """Sign in as one of the cast; the first answer brings the CSRF token."""
        status, answer = self.send("GET", "/api/me", None, {})
        if status not in {200, 401} or answer.get("code") == NOT_JSON:
            raise Refused(status, answer)
        body = {"username": username, "password": PASSWORD}
        status, answer = self.send("POST", "/api/sign-in", body, {})
        if status != 200 or "username" not in answer:
            raise Refused(status, answer)

    def sign_out(self) -> None:
        """End the session; its cookie stays in the browser and is worth nothing."""
        status, answer = self.send("POST", "/api/sign-out", None, {})
        if status not in {204, 401}:  # 401: it was over already, the answer was lost
            raise Refused(status, answer)

    def send(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        """The transport of a `scripted.Tab`."""
        named = {
            "Content-Type": "application/json",
            **self.cookie(),
            "X-CSRFToken": self.cookies.get("csrf", ""),
            **headers,
        }
        status, content, self.heard, cookies = self.platform.request(method, path, body, named)
        for cookie in cookies:
            name, _, value = cookie.split(";", 1)[0].partition("=")
            self.cookies[name] = value
        return status, parsed(content)


def new_database(url: str, name: str, *, template: str = "template1") -> str:
    """A PostgreSQL database beside the one at `url`, empty or a copy; answers its URL."""
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return f"{url.rsplit('/', 1)[0]}/{name}"


def drop_database(url: str, name: str) -> None:
    """Undo `new_database`."""
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
