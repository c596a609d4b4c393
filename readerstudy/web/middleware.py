"""Turns refusals into answers and unforeseen errors into an incident number."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from readerstudy.web.problems import Invalid, Problem, TooLarge, Unknown, incident, respond


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
