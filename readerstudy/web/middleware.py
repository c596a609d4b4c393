"""Turns refusals into answers and unforeseen errors into an incident number."""

import secrets
from collections.abc import Callable

import structlog
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

from readerstudy.web.problems import Problem, Unknown, respond

log = structlog.get_logger(__name__)


class ProblemMiddleware:
    """Answers `Problem`, `Http404` and whatever else escapes a view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; nothing made for one person is kept by a cache."""
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """The answer to an exception of a view."""
        if isinstance(error, Problem):
            return respond(request, error)
        if isinstance(error, Http404):
            return respond(request, Unknown())
        return respond(request, _incident(error))


def _incident(error: Exception) -> Problem:
    incident = secrets.token_hex(4)
    log.error("incident", incident=incident, exc_info=error)
    if isinstance(error, OperationalError):
        detail = "The database does not answer. What you did is kept on this device; wait a moment."
        return Problem("unavailable", detail, status=503, incident=incident)
    detail = f"Something went wrong on our side. Tell the coordinator incident {incident}."
    return Problem("incident", detail, status=500, incident=incident)
