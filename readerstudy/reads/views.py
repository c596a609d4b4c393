"""The reader's home and the page that hosts the reading room."""

from typing import cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from readerstudy.accounts.models import User
from readerstudy.reads import selectors


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What the reader does next."""
    studies = selectors.worklist(cast("User", request.user))
    return render(request, "reads/home.html", {"studies": studies})


@login_required
@require_GET
def room(request: HttpRequest, study_id: UUID) -> HttpResponse:
    """The reading room: an empty page for the browser's program, the same in every arm."""
    reader = selectors.reader_for(cast("User", request.user), study_id)
    context = {"study_id": reader.study_id, "language": get_language()}
    return render(request, "reads/room.html", context)
