"""Which series a DICOMweb request may reach; what it may not reach does not exist for it.

`/dicomweb/<token>/...` opens the series that a signed token names: a reader's open case.
`/dicomweb/collections/<id>/...` opens a collection to who may fill it, by session, and to a
sender, by its own token in the Authorization header.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from readerstudy.imaging import access, grants, selectors
from readerstudy.imaging.models import Collection, Examination, Instance, Sender, Series
from readerstudy.web.problems import Problem, Refused, Unknown

BEARER = "Bearer "


@dataclass(frozen=True)
class Scope:
    """The series and examinations within reach, and the address that leads to them."""

    base: str  # absolute, as "https://host/dicomweb/<token>"
    series: QuerySet[Series]
    examinations: QuerySet[Examination]
    # Of examinations that are known to be within reach: of a collection's all, without asking again
    # whose they are, for which databases read the whole collection.
    of_found: QuerySet[Series]
    # By the collection's key where it is one: a list of its series would be made for each question.
    instances: QuerySet[Instance]

    def series_of(self, study: str, series: str | None = None) -> QuerySet[Series]:
        """The series of an examination, or the one of that UID.

        Raises
        ------
        Unknown
            404 when there is none.
        """
        found = self.series.filter(examination__study_uid=study).select_related("examination")
        found = found.filter(series_uid=series) if series else found
        if not found.exists():
            raise Unknown
        return found

    def instances_of(
        self, study: str, series: str | None = None, instance: str | None = None
    ) -> QuerySet[Instance]:
        """The instances of an examination, a series, or the one of that UID; else `Unknown`."""
        named = {"series__examination__study_uid": study}
        named |= {"series__series_uid": series} if series else {}
        named |= {"sop_uid": instance} if instance else {}
        found = (
            self.instances.filter(**named)
            .select_related("series__examination")
            .order_by("series__number", "series_id", "number", "id")
        )
        if not found.exists():
            raise Unknown
        return found


def opened(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Call a view with the scope in the place of the token or the collection of its address."""

    @require_safe
    @wraps(view)
    def authorised(
        request: HttpRequest,
        token: str | None = None,
        collection_id: UUID | None = None,
        **names: Any,
    ) -> HttpResponseBase:
        scope = _of_token(request, token) if token else _of_collection(request, collection_id)
        return view(request, scope, **names)

    return authorised


def _of_token(request: HttpRequest, token: str) -> Scope:
    series = Series.objects.filter(pk__in=grants.read(token))
    examinations = Examination.objects.filter(pk__in=series.values("examination"))
    if not series.exists():
        raise Unknown
    base = request.build_absolute_uri(f"/dicomweb/{token}")
    instances = Instance.objects.filter(series__in=series)
    return Scope(base, series, examinations, of_found=series, instances=instances)


def _of_collection(request: HttpRequest, collection_id: UUID | None) -> Scope:
    collection, sender = reached(request, cast("UUID", collection_id))
    if sender is not None and not sender.may_read:
        raise Refused("imaging.sender", "This token is for sending only.")
    return Scope(
        address(request, collection),
        Series.objects.filter(examination__collection=collection),
        Examination.objects.filter(collection=collection),
        of_found=Series.objects.all(),
        instances=Instance.objects.filter(series__examination__collection=collection),
    )


def address(request: HttpRequest, collection: Collection) -> str:
    """Where a collection's DICOMweb service is."""
    return request.build_absolute_uri(f"/dicomweb/collections/{collection.pk}")


def reached(request: HttpRequest, collection_id: UUID) -> tuple[Collection, Sender | None]:
    """The collection that a request may reach, and the sender that asks if it is one.

    Raises
    ------
    Problem
        401 without a session or a token, or with a token that opens nothing.
    Unknown
        404 for a collection of others.
    """
    header = request.headers.get("Authorization", "")
    if header.startswith(BEARER):
        sender = selectors.sender_of_token(header.removeprefix(BEARER).strip())
        if sender is None:
            raise Problem(
                "imaging.sender", "This token opens nothing, or not any more.", status=401
            )
        if sender.collection_id != collection_id:
            raise Unknown
        return sender.collection, sender
    if not request.user.is_authenticated:
        raise Problem("signed_out", "Sign in, or send a sender's token.", status=401)
    return access.collection_for(request.user, collection_id), None
