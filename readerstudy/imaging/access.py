"""Who may fill a collection, and what is closed: `imaging` knows no studies; those who do say it.

Registries, filled by the apps above from their `AppConfig.ready`.
"""

from collections.abc import Callable
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Exists, Q

from readerstudy.accounts.models import User
from readerstudy.imaging.models import Collection, Examination, Upload
from readerstudy.web.problems import Unknown

Rule = Callable[[User, Collection], bool]
Seal = Callable[[str], Exists]
Finder = Callable[[UUID], Collection | None]
_rules: list[Rule] = []
_seals: list[Seal] = []
_finders: list[Finder] = []


def register(rule: Rule) -> Rule:
    """Add a rule; any rule that says yes is enough."""
    if rule not in _rules:
        _rules.append(rule)
    return rule


def register_seal(seal: Seal) -> Seal:
    """Add a rule that says which examinations take no more images; one yes is enough.

    It is given the name of the outer query's field with the examination's key.
    """
    if seal not in _seals:
        _seals.append(seal)
    return seal


def register_finder(finder: Finder) -> Finder:
    """Add a rule that finds the collection that something of another app (a study) owns."""
    if finder not in _finders:
        _finders.append(finder)
    return finder


def is_sealed(examination: Examination) -> bool:
    """Whether an examination is part of what may not change any more."""
    found = Examination.objects.filter(pk=examination.pk).annotate(sealed=sealed("pk"))
    return any(each.sealed for each in found)


def sealed(key: str) -> Q:
    """`is_sealed` as a condition of a query whose field `key` is an examination's key."""
    return reduce(or_, (Q(seal(key)) for seal in _seals), Q(pk__in=[]))


def collection_of(owner_id: UUID) -> Collection | None:
    """The collection that the thing of that id owns, if anything does."""
    found = (finder(owner_id) for finder in _finders)
    return next((each for each in found if each is not None), None)


def collection_for(user: User, collection_id: UUID) -> Collection:
    """A collection that the user may fill.

    Raises
    ------
    Unknown
        404 for everybody else.
    """
    collection = Collection.objects.filter(pk=collection_id).first()
    if collection is None or not any(rule(user, collection) for rule in _rules):
        raise Unknown
    return collection


def upload_for(user: User, upload_id: UUID) -> Upload:
    """An upload into a collection that the user may fill; else as `collection_for`."""
    upload = Upload.objects.filter(pk=upload_id).select_related("collection").first()
    if upload is None:
        raise Unknown
    collection_for(user, upload.collection_id)
    return upload
