"""The language of a browser: a cookie, so that no request has to ask for its user's (R10).

It is set when the user signs in, from what they chose last, on any machine, and when they choose.
"""

from typing import TypeVar

from django.conf import settings
from django.http.response import HttpResponseBase

from readerstudy.accounts.models import User

R = TypeVar("R", bound=HttpResponseBase)


def in_language_of(response: R, user: User) -> R:
    """The answer to a sign-in, with the user's language for what follows."""
    return in_language(response, user.language) if user.language else response


def in_language(response: R, language: str) -> R:
    """The answer, with the language of the browser's next requests."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        httponly=True,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite="Lax",
    )
    return response
