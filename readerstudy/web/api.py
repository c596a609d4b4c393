"""What every API class shares."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import serializers
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


class Input(serializers.Serializer[Any]):
    """An input whose unknown members are refused, never ignored (no mass assignment)."""

    def to_internal_value(self, data: Any) -> Any:
        """Check the members' names before their values."""
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError(dict.fromkeys(unknown, "Not a known field."))
        return super().to_internal_value(data)
