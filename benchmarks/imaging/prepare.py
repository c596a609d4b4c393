"""Fill the platform that `speed` measures: run by `manage.py shell` on its own database.

Prints one line of JSON: what there is to ask for.
"""

import json
import os
import sys
import time
from datetime import date, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.utils import timezone

from benchmarks.imaging.scans import source
from readerstudy.imaging import grants, services, store
from readerstudy.imaging.models import Collection, Examination, Instance, Series
from tests import dicom


def many(count: int) -> Collection:
    """A collection of so many examinations: rows only, as QIDO-RS asks them."""
    made, now = services.create_collection(name=f"{count} studies"), timezone.now()
    first = date(2015, 1, 1)
    examinations = Examination.objects.bulk_create(
        Examination(
            collection=made, study_uid=f"2.25.{number}", patient=f"P{number:011d}",
            created_at=now, ready_at=now, study_date=first + timedelta(days=number % 3650),
            study_time=time_of_day(8 + number % 10, number % 60),
        )
        for number in range(count)
    )  # fmt: skip
    series = Series.objects.bulk_create(
        Series(
            examination=each, series_uid=f"{each.study_uid}.1", role="t1c",
            dicom_modality="MR" if number % 50 else "CT", number=number % 7,
            description=("T1 MPRAGE", "T2 TSE", "FLAIR")[number % 3],
            created_at=now, pack_sha256="0" * 64, geometry={"frames": 1},
        )
        for number, each in enumerate(examinations)
    )  # fmt: skip
    Instance.objects.bulk_create(
        Instance(
            series=each, sop_class_uid=dicom.MR, sop_uid=f"{each.series_uid}.1", bytes=1,
            sha256="0", source_sha256="0",
        )
        for each in series
    )  # fmt: skip
    return made


def main() -> None:
    """Import, make the rows, say what there is."""
    folder, slices = Path(os.environ["BENCH_SOURCE"]), int(os.environ["BENCH_SLICES"])
    source(folder, slices)
    collection = services.create_collection(name="benchmark")
    cpu, start = time.process_time(), time.perf_counter()
    services.import_folder(folder, collection=collection, by=None)
    seconds, used = time.perf_counter() - start, time.process_time() - cpu
    series = list(Series.objects.filter(examination__collection=collection))
    one = next(each for each in series if each.role == "t1c")
    empty = {
        name: services.create_collection(name=name) for name in ("warm", "one", "many", "eight")
    }
    pacs = services.create_collection(name="PACS")
    services.add_sender(pacs, name="PACS", calling_ae_title="BENCH", by=None)
    sizes = [int(each) for each in os.environ["BENCH_STUDIES"].split()]
    crowds = {count: many(count) for count in sizes}
    holders: dict[Any, Collection] = {"read": collection, **empty, **crowds}
    held = {
        str(name): services.add_sender(each, name=str(name), may_read=True, by=None)[1]
        for name, each in holders.items()
    }
    first = one.instances.first()
    assert first is not None
    told = {
        "token": grants.issue([str(each.pk) for each in series], seconds=36_000, grant=uuid4()),
        "series": str(one.pk), "study_uid": one.examination.study_uid,
        "series_uid": one.series_uid, "sop_uids": [each.sop_uid for each in one.instances.all()],
        "pack": str(store.pack_path(one)), "pack_bytes": one.pack_bytes,
        "files": [str(path) for path in store.folder_of(one).glob("*.dcm")],
        "collections": {str(name): str(each.pk) for name, each in holders.items()},
        "senders": held, "imported": {"files": slices * 4, "wall": seconds, "parent_cpu": used},
    }  # fmt: skip
    sys.stdout.write("\n" + json.dumps(told) + "\n")


main()
