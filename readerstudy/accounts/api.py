"""Who is signed in; signing in and out without leaving the page."""

from typing import Any, cast

from django.conf import settings
from django.middleware.csrf import get_token
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_protect, ensure_csrf_cookie
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from readerstudy.accounts import reading_room, selectors, services
from readerstudy.accounts.language import in_language, in_language_of
from readerstudy.accounts.models import User
from readerstudy.web.api import Input

PROBLEM = OpenApiResponse(description="application/problem+json (RFC 9457)")


class ReadingRoomOutput(serializers.Serializer[Any]):
    """How the user has set up the reading room."""

    keys = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    tour_seen = serializers.BooleanField()


class ReadingRoomInput(Input):
    """The user's own keys, by command, and whether they took the tour."""

    keys = serializers.DictField(
        child=serializers.ListField(
            child=serializers.CharField(max_length=32, trim_whitespace=False),
            max_length=reading_room.MAX_KEYS,
        ),
        allow_empty=True,
    )
    tour_seen = serializers.BooleanField()


class MeOutput(serializers.Serializer[Any]):
    """The signed-in user, as far as their own browser needs."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    experience = serializers.CharField(allow_blank=True)
    language = serializers.CharField()
    theme = serializers.ChoiceField(choices=["dark", "light"])
    reading_room = ReadingRoomOutput()
    csrf_token = serializers.CharField()


class SignInInput(Input):
    """A username and a password; the code of who has a second factor."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)
    code = serializers.CharField(max_length=40, default="", allow_blank=True)


class LanguageInput(Input):
    """One of the site's languages."""

    language = serializers.ChoiceField(choices=settings.LANGUAGES)


def _me(request: Request, user: User) -> Response:
    mine = selectors.me(user) | {
        "language": get_language() or "en",
        "csrf_token": get_token(request._request),  # noqa: SLF001 -- DRF's way to Django's request
    }
    return Response(MeOutput(mine).data)


@method_decorator(ensure_csrf_cookie, name="dispatch")
class Me(APIView):
    """The signed-in user."""

    @extend_schema(operation_id="me", responses={200: MeOutput, 401: PROBLEM})
    def get(self, request: Request) -> Response:
        """Answer who is signed in."""
        return _me(request, cast("User", request.user))  # the permission class saw to it


class ReadingRoom(APIView):
    """The reading room as the signed-in user wants it."""

    @extend_schema(
        operation_id="set_reading_room",
        request=ReadingRoomInput,
        responses={200: ReadingRoomOutput, 400: PROBLEM, 401: PROBLEM},
    )
    def post(self, request: Request) -> Response:
        """Keep the user's keys and whether they took the tour."""
        sent = ReadingRoomInput(data=request.data)
        sent.is_valid(raise_exception=True)
        user = cast("User", request.user)
        services.set_reading_room(user, **sent.validated_data, by=user)
        return Response(reading_room.settings(user.reading_room))


# DRF exempts its views from Django's CSRF check and checks signed-in requests only: a signing-in
# request is not signed in yet, so the check is asked for here (FAULTS G6).
@method_decorator(csrf_protect, name="dispatch")
class SignIn(APIView):
    """Begin a session, from a page or over a case whose session has expired."""

    authentication_classes: tuple[type, ...] = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="sign_in",
        request=SignInInput,
        responses={200: MeOutput, 400: PROBLEM, 403: PROBLEM, 429: PROBLEM},
    )
    def post(self, request: Request) -> Response:
        """Sign in and answer as `me` does, with a new CSRF token."""
        sent = SignInInput(data=request.data)
        sent.is_valid(raise_exception=True)
        user = services.sign_in(request._request, **sent.validated_data)  # noqa: SLF001 -- as above
        return in_language_of(_me(request, user), user)


class Language(APIView):
    """The language of the user's pages and of the reading room, on every machine."""

    @extend_schema(
        operation_id="set_language",
        request=LanguageInput,
        responses={204: None, 400: PROBLEM, 401: PROBLEM},
    )
    def post(self, request: Request) -> Response:
        """Keep the language."""
        sent = LanguageInput(data=request.data)
        sent.is_valid(raise_exception=True)
        user, language = cast("User", request.user), sent.validated_data["language"]
        services.set_language(user, language=language, by=user)
        return in_language(Response(status=204), language)


class SignOut(APIView):
    """End the session."""

    @extend_schema(operation_id="sign_out", request=None, responses={204: None, 401: PROBLEM})
    def post(self, request: Request) -> Response:
        """Sign out."""
        services.sign_out(request._request)  # noqa: SLF001 -- as above
        return Response(status=204)
