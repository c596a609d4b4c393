"""An error that nobody foresaw: a person gets a page, a program a problem document, never a trace.

The trace is in the log, under the number that both are told.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from structlog.testing import capture_logs

from readerstudy import urls

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.urls(__name__)]

INSIDE = "canary-inside-5521"
HERE = "tests.integration.web.test_errors."


def boom(_request: HttpRequest) -> HttpResponse:
    """A view with a fault."""
    raise RuntimeError(INSIDE)


@api_view(["GET"])
@permission_classes([AllowAny])
def boom_of_the_api(_request: Request) -> Any:
    """A view of the API with a fault."""
    raise RuntimeError(INSIDE)


def without_database(_request: HttpRequest) -> HttpResponse:
    """A view whose database has gone."""
    raise OperationalError(INSIDE)


def boom_before(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """A middleware with a fault, outside of what views are guarded by."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "outside" in request.path:
            raise RuntimeError(INSIDE)
        return get_response(request)

    return middleware


urlpatterns = [
    path("boom", boom),
    path("outside", boom),
    path("api/outside", boom),
    path("api/plain", boom),
    path("api/boom", boom_of_the_api),
    path("api/away", without_database),
    path("away", without_database),
    path("", include(urls)),
]
handler400, handler404, handler500 = urls.handler400, urls.handler404, urls.handler500


@pytest.fixture
def asked(settings: Any) -> Callable[[str], tuple[Any, str, list[Any]]]:
    """The answer to a request, its text, and what was logged."""
    settings.MIDDLEWARE = [HERE + "boom_before", *settings.MIDDLEWARE]
    assert settings.DEBUG is False
    client = Client(raise_request_exception=False)

    def ask(address: str) -> tuple[Any, str, list[Any]]:
        with capture_logs() as logs:
            answer = client.get(address)
        return answer, answer.content.decode(), [each for each in logs if each.get("incident")]

    return ask


def tells_nothing(text: str) -> bool:
    inside = (INSIDE, "Traceback", "RuntimeError", "OperationalError", ".py", "raise ", "settings")
    return not any(each in text for each in inside)


@pytest.mark.parametrize("address", ["/api/boom", "/api/plain", "/api/outside"])
def test_a_program_gets_a_problem_document(asked: Any, address: str) -> None:
    answer, text, logs = asked(address)
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == 500
    assert document["incident"] in document["detail"]
    assert tells_nothing(text)
    assert [each["incident"] for each in logs] == [document["incident"]]
    assert str(logs[0]["exc_info"]) == INSIDE


@pytest.mark.parametrize("address", ["/boom", "/outside"])
def test_a_person_gets_a_page_with_the_number_to_tell(asked: Any, address: str) -> None:
    answer, text, logs = asked(address)
    assert answer.status_code == 500
    assert answer["Content-Type"].startswith("text/html")
    assert tells_nothing(text)
    assert len(logs) == 1
    assert logs[0]["incident"] in text


@pytest.mark.parametrize("address", ["/api/away", "/away"])
def test_a_database_that_is_away_is_said_with_when_to_ask_again(asked: Any, address: str) -> None:
    answer, text, _logs = asked(address)
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert tells_nothing(text)


FORM, API = "/sign-in/", "/api/boom"
UNREADABLE: dict[str, dict[str, Any]] = {
    "a name that is not ours": {"headers": {"Host": "evil.example"}},
    "too many fields": {"data": {f"a{number}": "1" for number in range(1500)}},
    "a form without a boundary": {"data": b"x", "content_type": "multipart/form-data"},
}


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("address", [FORM, API])
def test_what_django_itself_refuses_is_said_in_our_words(name: str, address: str) -> None:
    answer = Client(raise_request_exception=False).post(address, **UNREADABLE[name])
    if address == API and name != "a name that is not ours":
        assert answer.json()["detail"] == 'Method "POST" not allowed.'  # no form is looked for
        return
    assert answer.status_code == 400
    text = answer.content.decode() if address == FORM else answer.json()["detail"]
    assert "Open the platform by the address that you were given" in text
    assert ("Back to the start" in text) is (address == FORM)


def test_an_address_that_takes_forms_only_says_so_to_who_opens_it() -> None:
    """As signing in anew does where a session had ended before a form was sent."""
    client = Client()
    answer = client.get("/sign-out/")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "it only takes what a form sends" in answer.content.decode()
    assert "Back to the start" in answer.content.decode()
    told = client.delete("/dicomweb/token/studies")
    assert (told.status_code, told["Content-Type"]) == (405, "application/problem+json")
    assert told.json()["detail"] == "This address takes no DELETE."
    assert "GET" in told["Allow"]
