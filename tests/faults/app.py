"""The platform's WSGI application, with one more way to die: in the middle of a reply."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from readerstudy.wsgi import application as platform

Start = Callable[..., Any]


def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    """Answer as the platform; die half-way through the answer to a submission when told to."""
    body = platform(environ, start)
    armed = os.environ.get("READERSTUDY_FAILPOINT") == "submit.mid_reply"
    return _half(body) if armed and environ["PATH_INFO"].endswith("/submit") else body


def _half(body: Iterable[bytes]) -> Iterator[bytes]:
    content = b"".join(body)
    yield content[: len(content) // 2]
    os.kill(os.getpid(), signal.SIGKILL)
