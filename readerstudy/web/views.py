"""The first page, and the health check."""

import sys

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from readerstudy.web.problems import Invalid, Unknown, incident, respond
from readerstudy.web.templatetags.desk import works_at_desk


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Send a reader to the reading home and everybody else to the studies."""
    return redirect("desk:list" if works_at_desk(request.user) else "reads:home")


def health(_request: HttpRequest) -> HttpResponse:
    """Answer "ok" when the database does; nothing about studies or queues (fault F6)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself refuses: a name that is not ours, a form that is none."""
    del exception
    words = _(
        "This request cannot be read. Open the platform by the address that you were given, "
        "and try again."
    )
    return respond(request, Invalid("web.unreadable", words))


def unknown(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that leads nowhere as one that is not yours: there is one 404 (F3)."""
    del exception
    return respond(request, Unknown())


def failed(request: HttpRequest) -> HttpResponse:
    """Answer an error outside any view, as of a middleware that asks a database that is away."""
    return respond(request, incident(sys.exc_info()[1]))
