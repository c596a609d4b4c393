"""Queries about the record: the trail for its page, verification, heads to keep elsewhere."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery

from readerstudy.audit import chain, triggers
from readerstudy.audit.chain import Break, Head, Link, Tampering
from readerstudy.audit.models import Entry
from readerstudy.audit.services import PLATFORM, link


def entries(
    *, study: UUID | None = None, actor: str = "", action: str = "", words: str = ""
) -> QuerySet[Entry]:
    """The trail of a study (or the platform), newest first.

    Parameters
    ----------
    actor, action : str
        Exact username; action or its beginning, as "studies.".
    words : str
        Sought in object, reason and action.
    """
    found = Entry.objects.filter(chain=str(study) if study else PLATFORM).order_by("-number")
    if actor:
        found = found.filter(actor=actor)
    if action:
        found = found.filter(action__startswith=action)
    if words:
        sought = Q(object__icontains=words) | Q(reason__icontains=words)
        found = found.filter(sought | Q(action__icontains=words))
    return found


def links(study: UUID | str | None = None) -> Iterator[Link]:
    """The entries of one chain (a study's id or "platform"), or of all, in order, streamed."""
    rows = Entry.objects.order_by("chain", "number")
    if study is not None:
        rows = rows.filter(chain=str(study))
    return map(link, rows.iterator(chunk_size=2000))


def heads(study: UUID | str | None = None) -> list[Head]:
    """Each chain's length and last hash: keep them where the operator cannot change them."""
    longest = Entry.objects.filter(chain=OuterRef("chain")).order_by("-number").values("number")[:1]
    rows = Entry.objects.filter(number=Subquery(longest)).order_by("chain")
    if study is not None:
        rows = rows.filter(chain=str(study))
    return [Head(row.chain, row.number, row.hash) for row in rows]


def verify(study: UUID | str | None = None, *, kept: Iterable[Head] = ()) -> list[Break]:
    """What was done to the record since it was written; empty when nothing was found.

    Parameters
    ----------
    study : UUID or str, optional
        One chain only.
    kept : iterable of Head
        Heads kept outside; those of other chains are left alone when `study` is given.
    """
    wanted = [head for head in kept if study is None or head.chain == str(study)]
    return [*_triggers(), *chain.verify(links(study), kept=wanted)]


def goes_on_from(since: Sequence[Head], *, kept: Iterable[Head] = ()) -> bool:
    """Whether the chains go on whole from where they were last found whole.

    No entry before that is computed anew; that there are as many as their numbers say is.

    Parameters
    ----------
    since : sequence of Head
        Each chain's last entry then; a chain that is not named is looked at from its beginning.
    kept : iterable of Head
        Heads kept outside that were not compared before.
    """
    if _triggers() or any(each["n"] != each["last"] for each in _lengths()):
        return False
    begun = {head.chain: head.number for head in since}
    older = [head for head in kept if head.number <= begun.get(head.chain, 0)]
    if any(not Entry.objects.filter(**asdict(head)).exists() for head in older):
        return False
    newer = [head for head in kept if head not in older]
    return not chain.verify(_links_from(begun), kept=newer, since=since)


def _lengths() -> list[dict[str, Any]]:
    """Of each chain how many entries it has, and the highest number; by its index alone."""
    rows = Entry.objects.order_by("chain").values("chain")
    return [dict(each) for each in rows.annotate(n=Count("id"), last=Max("number"))]


def _links_from(begun: Mapping[str, int]) -> Iterator[Link]:
    """The entries of every chain in order, from a number on where one is given."""
    for each in _lengths():
        rows = Entry.objects.filter(chain=each["chain"]).order_by("number")
        rows = rows.filter(number__gte=begun.get(each["chain"], 1))
        yield from map(link, rows.iterator(chunk_size=2000))


def _triggers() -> list[Break]:
    """A trigger that is gone or off, on PostgreSQL."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger"
            " WHERE tgrelid = 'audit_entry'::regclass AND tgenabled IN ('O', 'A')"
        )
        there = {name for (name,) in cursor.fetchall()}
    return [
        Break("", 0, Tampering.TRIGGER_OFF, f"The database's trigger {name} is off or gone.")
        for name in triggers.NAMES
        if name not in there
    ]
