"""Compress packs for slow lines: a worker's job, once a series is packed and can be read.

What is to be done is told by rows: a series whose compressed pack was not made of the raw pack that
it has now. So a worker that dies loses nothing, a series that is packed anew is compressed anew,
and what an older release has stored is taken up by itself.
"""

import time
from pathlib import Path
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import transaction

from readerstudy.imaging import compressed, objects, selectors, store
from readerstudy.imaging.models import Examination, Series
from readerstudy.web.problems import Problem

log = structlog.get_logger(__name__)
SWEEP_S = 10.0  # of a sweep: a worker has other things to do
AGAIN_S = 3600.0  # after a pack that cannot be read: it must not stand before the others
_failed: dict[tuple[UUID, str], float] = {}  # when, by series and pack; a worker's own memory


def compress_due(*, seconds: float = SWEEP_S) -> int:
    """Compress what is packed, the newest first, for about so long; how many were tried."""
    if not settings.PACKS_COMPRESSED:
        return 0
    end, count = time.monotonic() + seconds, 0
    for series in selectors.uncompressed():
        if time.monotonic() - _failed.get(_pack_of(series), -AGAIN_S) < AGAIN_S:
            continue
        compress(series)
        count += 1
        if time.monotonic() > end:
            break
    return count


def compress(series: Series) -> bool:
    """Write a series' compressed pack; False where it has none after it. Safe to repeat."""
    target = store.compressed_place(series)
    fresh = target.with_name(f"{target.name}.{uuid4().hex}.part")  # two may do the same at once
    try:
        raw = store.pack_path(series)
        made = compressed.write(raw, series.geometry or {}, series.pack_sha256, fresh)
        return _keep(series, fresh, made)
    except compressed.NotWorthIt:
        _note(series, None)
        return False
    except (OSError, KeyError, compressed.NotTheSame, Problem) as fault:  # verify_storage says what
        _failed[_pack_of(series)] = time.monotonic()
        log.warning("a pack is not compressed", series=str(series.pk), error=type(fault).__name__)
        return False
    finally:
        fresh.unlink(missing_ok=True)


def _pack_of(series: Series) -> tuple[UUID, str]:
    return series.pk, series.pack_sha256


@transaction.atomic
def _keep(series: Series, fresh: Path, made: compressed.Compressed) -> bool:
    """Under the examination's lock, as a pack: nothing outgrown comes after the good one."""
    Examination.objects.select_for_update().get(pk=series.examination_id)
    if not Series.objects.filter(pk=series.pk, pack_sha256=series.pack_sha256).exists():
        return False
    target = store.compressed_place(series)
    fresh.replace(target)
    store.sync_folder(target.parent)
    objects.put(target)
    return _note(series, made)


def _note(series: Series, made: compressed.Compressed | None) -> bool:
    """Write down what there is of a series as it was packed when it was read."""
    series.compressed_of = series.pack_sha256
    series.compressed_sha256, series.compressed_bytes = (
        (made.sha256, made.bytes) if made else ("", 0)
    )
    as_it_was = Series.objects.filter(pk=series.pk, pack_sha256=series.pack_sha256)
    return bool(
        as_it_was.update(
            compressed_of=series.compressed_of,
            compressed_sha256=series.compressed_sha256,
            compressed_bytes=series.compressed_bytes,
        )
    )
