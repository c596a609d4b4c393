"""Files that come by the network, a few at a time: cleaned one by one, kept together.

A sender by STOW-RS may send each file in a request of its own. A delivery for each would cost more
than the file, and pack its examination as often. So a delivery stands open for each sender, and a
sweep ends it once nothing has come for a while, or it is old: the next file begins another. A file
is acknowledged when the transaction that has its row and its count is committed, never before.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import structlog
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from readerstudy.imaging import file_meta, store
from readerstudy.imaging.models import Collection, Sender, Upload
from readerstudy.imaging.prepared import Prepared
from readerstudy.imaging.refusals import Reason, RefusedFile
from readerstudy.imaging.services.delivering import spooled, start_upload
from readerstudy.imaging.services.finishing import end_upload
from readerstudy.imaging.services.intake import cleaned, words_of
from readerstudy.imaging.services.places import Places
from readerstudy.imaging.services.tally import Outcome, Tally

QUIET = timedelta(seconds=10)
OLDEST = timedelta(minutes=5)  # else what a sender that never rests has sent is never packed
TOGETHER = 25  # files that are committed at once
TRIES = 2  # of a transaction that lost a race
LOST_RACES = frozenset({"40001", "40P01"})  # SQLSTATE: serialization failure, deadlock
SOURCE = "stow"
Waiting = tuple[dict[str, Any] | Reason, Path]  # what is known of a clean file, and where it is
log = structlog.get_logger(__name__)
_known: dict[UUID, tuple[Upload, Places]] = {}  # of this process, by sender


class Batch:
    """Files of one request or association, on their way into a delivery."""

    def __init__(
        self, collection: Collection, tally: Callable[[], Tally], *, study_uid: str | None = None
    ) -> None:
        self._collection, self._tally, self._study_uid = collection, tally, study_uid
        self._words = words_of(collection)
        self._waiting: list[Waiting] = []
        self._names: list[file_meta.Name | None] = []  # of what waits, as the sender knows it
        self.was_open = True  # the delivery that the last files went to, once they were in it

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, stream: IO[bytes]) -> None:
        """Clean a file that comes as a stream; it is kept by `flush`."""
        with spooled(stream) as path:
            self.add_path(path, name=file_meta.name_of(path))

    def add_path(self, path: Path, *, name: file_meta.Name | None = None) -> None:
        """Clean a file, which is only read; it is kept by `flush`."""
        clean = store.spool_file()
        self._waiting.append((self._cleaned(path, clean), clean))
        self._names.append(name)

    def _cleaned(self, path: Path, clean: Path) -> dict[str, Any] | Reason:
        try:
            return cleaned(
                path,
                clean,
                collection=self._collection,
                study_uid=self._study_uid,
                words=self._words,
            )
        except RefusedFile as refused:  # an archive, too: the peer sends files
            clean.unlink(missing_ok=True)
            return refused.reason
        except BaseException:
            clean.unlink(missing_ok=True)
            raise

    def refuse(self, reason: Reason) -> None:
        """Note what is no file to clean."""
        self._waiting.append((reason, store.spool_file()))
        self._names.append(None)

    def flush(self) -> list[Outcome]:
        """Keep what waits, all in one transaction; what became of each, in their order.

        An outcome has the `name` by which its sender knows the file, where that is known. A
        transaction that lost a race is tried once more: its files are still there.
        """
        if not self._waiting:
            return []  # and no delivery is begun for nothing
        waiting, self._waiting = self._waiting, []
        names, self._names = self._names, []
        try:
            outcomes, self.was_open = self._tried(waiting)
        finally:
            for _, clean in waiting:
                clean.unlink(missing_ok=True)
        if not self.was_open:
            self._pack(outcomes)
        return [each | {"name": name} for each, name in zip(outcomes, names, strict=True)]

    def _tried(self, waiting: Sequence[Waiting]) -> tuple[list[Outcome], bool]:
        for _ in range(TRIES - 1):
            try:
                return self._keep(waiting)
            except (IntegrityError, OperationalError) as error:
                is_race = isinstance(error, IntegrityError)  # an instance that came twice at once
                if not is_race and getattr(error.__cause__, "sqlstate", None) not in LOST_RACES:
                    raise
                log.warning("files are kept anew: their transaction lost a race")
        return self._keep(waiting)

    def _keep(self, waiting: Sequence[Waiting]) -> tuple[list[Outcome], bool]:
        """What became of each, and whether their delivery still stands open."""
        tally = self._tally()
        with transaction.atomic():
            outcomes = tally.keep_all(waiting)
            is_open = tally.write()
        return outcomes, is_open

    def _pack(self, outcomes: Iterable[Outcome]) -> None:
        """Have packed what came at the moment in which its delivery was ended."""
        series = {each["instance"].series_id for each in outcomes if "instance" in each}
        late = start_upload(self._collection, by=None, source=SOURCE, series=series)
        end_upload(late, by=None)

    def discard(self) -> None:
        """Forget what waits; nothing of it was acknowledged."""
        for _, clean in self._waiting:
            clean.unlink(missing_ok=True)
        self._waiting.clear()
        self._names.clear()


def standing_tally(
    sender: Sender, collection: Collection, *, open_now: UUID | None = None
) -> Tally:
    """A tally of the delivery that stands open for a sender; begun where there is none.

    `open_now` is the one that stood open a moment ago; it is asked for where that is not known.
    """
    known = _known.get(sender.pk)
    if known is None or not (known[0].pk == open_now or is_open(known[0])):
        open_one = Upload.objects.filter(sender=sender, state=Upload.State.RECEIVING).first()
        known = open_one or _begun(sender, collection), Places(collection)
        _known[sender.pk] = known
    upload, places = known
    return Tally(upload, places=places)


def is_open(upload: Upload) -> bool:
    """Whether a delivery still takes files."""
    row = _state.first(upload=upload.pk)
    return row is not None and row[0] == Upload.State.RECEIVING


def _ask_state(*, upload: UUID) -> QuerySet[Any, Any]:
    return Upload.objects.filter(pk=upload).order_by().values_list("state")


_state = Prepared(_ask_state, upload=UUID)


def _begun(sender: Sender, collection: Collection) -> Upload:
    return start_upload(collection, by=None, source=SOURCE, sender=sender)


def end_quiet() -> int:
    """End the deliveries of senders of whom nothing has come for a while, and old ones; how many.

    What comes for one that was just ended is packed all the same (`Batch.flush`).
    """
    now = timezone.now()
    is_due = Q(touched_at__lt=now - QUIET) | Q(created_at__lt=now - OLDEST)
    due = Upload.objects.filter(is_due, state=Upload.State.RECEIVING).exclude(sender=None)
    for upload in due:
        end_upload(upload, by=None)
    return len(due)
