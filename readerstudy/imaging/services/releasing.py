"""Release what was held: a delivery of its own, by the person who looked."""

from readerstudy.accounts.models import User
from readerstudy.imaging import store
from readerstudy.imaging.models import Collection, Series, Upload
from readerstudy.imaging.services import delivering, held
from readerstudy.imaging.services.finishing import end_upload
from readerstudy.imaging.services.tally import Tally


def release_held(collection: Collection, *, series_uid: str, reason: str, by: User) -> Upload:
    """Take in the images of a series in which a person saw nothing that names the patient.

    Safe to repeat after a crash: what was stored already is a repeat.

    Raises
    ------
    Problem
        400 without a reason, 409 when nothing waits.
    """
    files = held.waiting(collection, series_uid, reason)
    held.released(collection, files, reason, by)  # who answers for it is known before it happens
    # Known before the first file is stored: else a worker that packs would hold it again.
    Series.objects.filter(examination__collection=collection, series_uid=series_uid).update(
        is_looked_at=True
    )
    upload = delivering.start_upload(collection, by=by, source="release")
    tally = Tally(upload)
    for each in files:
        tally.keep(each.header | {"is_looked_at": True}, store.held_path(each.pk))
    tally.write()
    held.wipe(files)
    upload.refresh_from_db()
    return end_upload(upload, by=by)
