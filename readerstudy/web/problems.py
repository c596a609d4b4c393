"""Errors for people and programs: one exception, answered as RFC 9457 problem details or a page."""

import secrets
from http import HTTPStatus
from typing import Any, TypeVar

import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

TYPE = "application/problem+json"
RETRY_AFTER_S = 2  # of an answer that says "not now"
CHALLENGE = 'Bearer realm="Readerstudy"'  # RFC 9110 asks for one; no browser asks people for it

log = structlog.get_logger(__name__)
R = TypeVar("R", bound=HttpResponseBase)


class Problem(Exception):
    """A refusal whose text says what was wrong and what to do.

    Attributes
    ----------
    status : int
        HTTP status.
    code : str
        Stable and machine-readable, as "studies.not_ready".
    detail : str
        One or two sentences for a person.
    more : dict
        Further members of the answer, as {"missing": [...]}.
    """

    status = 409

    def __init__(self, code: str, detail: str, *, status: int | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status or self.status
        self.more = more

    def body(self) -> dict[str, Any]:
        """The members of the problem document."""
        return {"status": self.status, "code": self.code, "detail": self.detail, **self.more}


class Invalid(Problem):
    """What was sent cannot be taken as it is."""

    status = 400


class Refused(Problem):
    """The person may not do this."""

    status = 403


class Unknown(Problem):
    """No such thing, or none that this person may know of: the two look the same."""

    status = 404

    def __init__(self) -> None:
        super().__init__("unknown", _("There is nothing here, or it is not yours to see."))


class TooLarge(Problem):
    """More was sent at once than a request may hold."""

    status = 413

    def __init__(self) -> None:
        super().__init__("too_large", _("That is too much at once. Send it in parts."))


class LockedOut(Problem):
    """Too many wrong passwords; a right one is refused too, for a while."""

    status = 429

    def __init__(self) -> None:
        words = _("Too many failed sign-ins. Wait 15 minutes, or ask your coordinator.")
        super().__init__("locked_out", words)


def incident(error: BaseException | None) -> Problem:
    """What to say of an error that nobody foresaw: its number, which the log has too."""
    number = secrets.token_hex(4)
    log.error("incident", incident=number, exc_info=error)
    if isinstance(error, (OperationalError, InterfaceError)):
        detail = _(
            "The database does not answer. What you did is kept on this device; wait a moment."
        )
        return Problem("unavailable", detail, status=503, incident=number)
    detail = _("Something went wrong on our side. Tell the coordinator incident {number}.")
    detail = detail.format(number=number)
    return Problem("incident", detail, status=500, incident=number)


def wants_json(request: HttpRequest) -> bool:
    """Whether a program asked."""
    return request.path.startswith(("/api/", "/dicomweb/", "/imaging/"))


def respond(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The answer to a refused request: a document for a program, a page for a person."""
    return _told_more(_document_or_page(request, problem), problem)


def _told_more(response: R, problem: Problem, wait_s: float | None = None) -> R:
    """The answer with the time after which to ask again, or what to show, where it needs one."""
    if problem.status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = CHALLENGE
    if wait_s is None and problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        wait_s = RETRY_AFTER_S
    if wait_s:
        response["Retry-After"] = str(int(wait_s))
    return response


def _document_or_page(request: HttpRequest, problem: Problem) -> HttpResponse:
    if wants_json(request):
        return JsonResponse(problem.body(), status=problem.status, content_type=TYPE)
    part = "_fragment" if getattr(request, "htmx", False) else ""
    template = f"web/problem{part}.html"
    is_early = not hasattr(request, "user")  # refused before anybody was asked for
    if is_early or problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # Asks nothing of the database: it may be what is away (A4).
        page = render_to_string(template, {"problem": problem})
        return HttpResponse(page, status=problem.status)
    return render(request, template, {"problem": problem}, status=problem.status)


def answer(error: Exception, _context: dict[str, Any]) -> Response | None:
    """Django REST framework's exception handler: everything becomes a problem document."""
    problem = _from_exception(error)
    if problem is None:
        return None
    response = Response(problem.body(), status=problem.status, content_type=TYPE)
    return _told_more(response, problem, getattr(error, "wait", None))  # of a Throttled


def _from_exception(error: Exception) -> Problem | None:
    if isinstance(error, Problem):
        return error
    if isinstance(error, (Http404, exceptions.NotFound, RequestDataTooBig)):
        return TooLarge() if isinstance(error, RequestDataTooBig) else Unknown()
    if isinstance(error, exceptions.ValidationError):
        return Invalid("invalid", _("Some fields need another value."), fields=error.detail)
    if isinstance(error, (exceptions.NotAuthenticated, exceptions.AuthenticationFailed)):
        return Problem("signed_out", _("Sign in to go on; nothing is lost."), status=401)
    if isinstance(error, exceptions.APIException):
        return Problem(str(error.default_code), str(error.detail), status=error.status_code)
    return None


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF failure view; the reason is for the log, not for the person."""
    del reason
    detail = _("This page is out of date. Reload it and try again; what was saved stays saved.")
    return respond(request, Refused("csrf", detail))


def locked_out(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """Answer a sign-in after too many failures (django-axes)."""
    return respond(request, LockedOut())
