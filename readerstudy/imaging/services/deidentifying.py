"""How a collection's images are de-identified, and the end of its key."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.imaging import selectors
from readerstudy.imaging.models import Collection
from readerstudy.imaging.options import Options
from readerstudy.web.problems import Invalid, Problem


@transaction.atomic
def set_deidentification(
    collection: Collection, options: Mapping[str, Any], *, by: User
) -> Collection:
    """Choose what is retained, before the first image arrives.

    Raises
    ------
    Problem
        400 for an option that there is not; 409 once there are images: one collection is
        de-identified in one way.
    """
    collection = Collection.objects.select_for_update().get(pk=collection.pk)
    try:
        chosen = Options.of(options).as_dict()
    except (TypeError, ValueError) as error:
        raise Invalid("imaging.options", f"{error}.") from None
    if chosen == Options.of(collection.deidentification).as_dict():
        return collection
    if selectors.has_images(collection):
        words = "There are images already: how they are de-identified can change no more."
        raise Problem("imaging.has_images", words)
    collection.deidentification = chosen
    collection.save(update_fields=["deidentification"])
    subject = f"collection:{collection.pk}"
    record("imaging.set_deidentification", subject=subject, by=by, detail=chosen)
    return collection


@transaction.atomic
def destroy_key(collection: Collection, *, reason: str, by: User) -> Collection:
    """Destroy the key of the UIDs, pseudonyms and dates: nobody can find the way back, nor forth.

    What is stored stays as it is; no more images are taken, and another maker's results are
    found by our UIDs only. Backups hold the key until they are overwritten.

    Raises
    ------
    Problem
        400 without a reason, 409 when it is done already.
    """
    if not reason.strip():
        raise Invalid("imaging.reason", "Say why the key is destroyed: it cannot be undone.")
    collection = Collection.objects.select_for_update().get(pk=collection.pk)
    if not collection.uid_key:
        raise Problem("imaging.no_key", "The key was destroyed before.")
    collection.uid_key, collection.key_destroyed_at = b"", timezone.now()
    collection.save(update_fields=["uid_key", "key_destroyed_at"])
    record(
        "imaging.destroy_key",
        subject=f"collection:{collection.pk}",
        by=by,
        reason=reason.strip(),
    )
    return collection
