"""Turns refusals into answers and unforeseen errors into an incident number."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from readerstudy.web.problems import Invalid, Problem, TooLarge, Unknown, incident, respond


def _not_that_way(request: HttpRequest, refused: HttpResponse) -> HttpResponse:
    """The answer to a method that an address does not take, as Django says it without a word.

    A person comes to it by signing in anew where a form was being sent.
    """
    words = _("Nothing can be opened at this address: it only takes what a form sends.")
    if request.method != "GET":
        words = _("This address takes no {method}.").format(method=(request.method or "")[:20])
    problem = Problem("web.method", words, status=HTTPStatus.METHOD_NOT_ALLOWED)
    response = respond(request, problem)
    response["Allow"] = refused["Allow"]
    return response


class ProblemMiddleware:
    """Answers `Problem`, `Http404` and whatever else escapes a view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; nothing made for one person is kept by a cache."""
        response = self.get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not response.content:
            response = _not_that_way(request, response)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    def process_view(
        self, request: HttpRequest, view: Any, _args: Any, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Refuse an address or a form with a character that PostgreSQL keeps in no text (NUL)."""
        if any(isinstance(each, str) and "\0" in each for each in kwargs.values()):
            return respond(request, Unknown())  # nothing has such a name
        lists = [*request.GET.lists()]
        if not getattr(view, "csrf_exempt", False):  # of the API's bodies serializers refuse it
            try:
                lists += request.POST.lists()
            except RequestDataTooBig:
                return respond(request, TooLarge())
        if any("\0" in value for _name, values in lists for value in values):
            words = _("There is a character that cannot be kept. Type the words again.")
            return respond(request, Invalid("web.character", words))
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """The answer to an exception of a view."""
        if isinstance(error, Problem):
            return respond(request, error)
        if isinstance(error, Http404):
            return respond(request, Unknown())
        if isinstance(error, RequestDataTooBig):
            return respond(request, TooLarge())
        return respond(request, incident(error))
