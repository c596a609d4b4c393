"""A client library's requests, answered by the platform in the same thread, without a socket."""

from io import BytesIO
from typing import Any

from django.test import Client
from requests import PreparedRequest, Response, Session
from requests.adapters import BaseAdapter

HOST = "http://testserver"


class Wire(BaseAdapter):
    """Hands what `requests` would send to Django's test client."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client

    def send(self, request: PreparedRequest, *_args: Any, **_options: Any) -> Response:
        """Ask the platform."""
        body = request.body or b""
        data = body if isinstance(body, bytes) else b"".join(body)  # type: ignore[arg-type]
        headers = {name: str(value) for name, value in request.headers.items()}
        kind = headers.pop("Content-Type", "application/octet-stream")
        got: Any = self._client.generic(
            str(request.method), request.path_url, data, content_type=kind, headers=headers
        )
        answer = Response()
        answer.status_code, answer.request, answer.url = got.status_code, request, str(request.url)
        answer.headers.update(got.headers)
        content = b"".join(got.streaming_content) if got.streaming else got.content
        answer.raw = BytesIO(content)
        answer.reason = got.reason_phrase
        return answer

    def close(self) -> None:
        """Nothing is open."""


def session(client: Client | None = None, **headers: str) -> Session:
    """A session whose requests to `HOST` reach the platform."""
    made = Session()
    made.mount(HOST, Wire(client or Client()))
    made.headers.update(headers)
    return made
