"""What every API class shares."""

import json
import re
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions, parsers, serializers
from rest_framework.authentication import SessionAuthentication as Session
from rest_framework.request import Request


class SessionAuthentication(Session):
    """The browser's session; says so, that an expired one is answered with 401, not 403."""

    def authenticate_header(self, request: Request) -> str:
        """The WWW-Authenticate header of a 401."""
        del request
        return "Session"


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the API document describes the session; drf-spectacular finds it by its class."""

    target_class = "readerstudy.web.api.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The cookie, by its name."""
        del auto_schema
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


class JSONParser(parsers.JSONParser):
    """JSON that can be stored and answered: strict, UTF-8, no half of a character."""

    SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The value.

        Raises
        ------
        ParseError
            400 for what is no JSON, and for a lone surrogate: no UTF-8 can say it, so that it
            could be neither hashed nor stored nor answered.
        """
        del media_type, parser_context
        content = stream.read()
        try:
            value = json.loads(content.decode(), parse_constant=_refuse)
            if self.SURROGATE.search(content):
                json.dumps(value, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            words = ascii(str(error))[1:-1]
            raise exceptions.ParseError(f"This is no JSON: {words[:200]}.") from error
        return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON.")


class Input(serializers.Serializer[Any]):
    """An input whose unknown members are refused, never ignored (no mass assignment)."""

    def to_internal_value(self, data: Any) -> Any:
        """Check the members' names before their values."""
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError(dict.fromkeys(unknown, "Not a known field."))
        return super().to_internal_value(data)
