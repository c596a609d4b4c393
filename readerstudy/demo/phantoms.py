"""Synthetic examinations of the demonstration, made once and kept in a cache."""

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from pydicom import dcmread

TRUTH = "truth.json"
FIRST_SEED = 70_000  # the detector's own phantoms have other seeds (inference.training)


@dataclass(frozen=True)
class Order:
    """One phantom to make: its seed and how many lesions it has."""

    seed: int
    n_lesions: int
    study_date: str  # YYYYMMDD


@dataclass(frozen=True)
class Earlier(Order):
    """The same head at an earlier examination: its lesions are smaller, or not there yet."""


PRIORS = (0, 1)  # numbers of the training cases that have a prior
PRIOR_DAYS = 92


def priors(training: int) -> dict[Order, Earlier]:
    """The earlier examination of some training cases, by the case's order."""
    found = {}
    for now in orders(0, training)[: max(PRIORS) + 1]:
        day = datetime.strptime(now.study_date, "%Y%m%d") - timedelta(days=PRIOR_DAYS)  # noqa: DTZ007
        found[now] = Earlier(now.seed, now.n_lesions, f"{day:%Y%m%d}")
    return found


def orders(cases: int, training: int) -> list[Order]:
    """Half of the cases with metastases, half without, in an order that tells nothing."""
    numbers = range(cases + training)
    return [
        Order(FIRST_SEED + number, _lesions(number), f"202601{number % 28 + 1:02d}")
        for number in numbers
    ]


def _lesions(number: int) -> int:
    """None in every other case, else one to three."""
    return 1 + number // 2 % 3 if number % 2 else 0


def folder_of(order: Order) -> Path:
    """Where the phantom's DICOM files and truth lie once it is made."""
    key = hashlib.sha256(f"{_version()}|{order}".encode()).hexdigest()[:16]
    return _cache() / f"{order.seed}-{key}"


def _cache() -> Path:
    return Path(settings.CACHE_DIR) / "phantoms"


def study_uid(order: Order) -> str:
    """The Study Instance UID that a phantom which is made was sent under."""
    first = next(each for each in (folder_of(order) / "dicom").rglob("*") if each.is_file())
    return str(dcmread(first, stop_before_pixels=True).StudyInstanceUID)


def _version() -> str:
    from inference import phantom

    return str(phantom.VERSION)


def truth_of(order: Order) -> list[dict[str, Any]]:
    """The lesions of a phantom that is made: number, centroid (LPS, mm), diameter (mm), type."""
    lesions: list[dict[str, Any]] = json.loads((folder_of(order) / TRUTH).read_text())["lesions"]
    return lesions


def make(order: Order, folder: Path) -> None:
    """Make one phantom: four DICOM series and the truth beside them; whole or not at all."""
    from inference import phantom

    part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    make_one = phantom.make_earlier if isinstance(order, Earlier) else phantom.make_case
    case = make_one(order.seed, n_lesions=order.n_lesions)
    phantom.write_dicom(
        case, part / "dicom", patient_id=f"SYNTHETIC-{order.seed}", study_date=order.study_date
    )
    lesions = [
        {
            "number": number,
            "centroid_mm": [float(value) for value in lesion.centroid_mm],
            "diameter_mm": float(lesion.diameter_mm),
            "kind": str(lesion.kind),
        }
        for number, lesion in enumerate(case.lesions, start=1)
    ]
    (part / TRUTH).write_text(json.dumps({"seed": order.seed, "lesions": lesions}, indent=1))
    try:
        part.replace(folder)
    except OSError:  # another process made the same one at this time
        if not (folder / TRUTH).exists():
            raise
        shutil.rmtree(part)


def make_all(wanted: Sequence[Order], *, workers: int) -> Generator[Order, None, None]:
    """Make what is not in the cache yet, in parallel; yields the orders as they are there.

    They come in their order: what takes them in works while the next ones are made.
    """
    missing = {order: folder_of(order) for order in wanted if not folder_of(order).exists()}
    if not missing:
        yield from wanted
        return
    next(iter(missing.values())).parent.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as many processes as cores, one thread each
    with _pool(workers) as pool:
        running = {order: pool.submit(make, order, folder) for order, folder in missing.items()}
        for order in wanted:
            if order in running:
                running[order].result()
            yield order


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end with the block: where it is left early, in the midst of a phantom.

    The executor's own exit waits for each phantom that was begun.
    """
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_last_as_long_as_we
    )
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        ours = set(multiprocessing.active_children()) - others
        for process in ours:
            process.kill()
        for process in ours:
            process.join()
            for part in _cache().glob(f"*.{process.pid}.part"):
                shutil.rmtree(part, ignore_errors=True)
        raise
    pool.shutdown()


def _last_as_long_as_we() -> None:
    """In a process of the pool: Ctrl-C is its parent's affair, and it does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
