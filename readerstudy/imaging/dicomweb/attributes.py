"""Attributes of search results, as DICOM JSON (PS3.18 F), out of the index and the metadata."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from readerstudy.imaging import da
from readerstudy.imaging.dicomweb.documents import datasets_of
from readerstudy.imaging.models import Examination, Instance, Series

Document = dict[str, Any]
PIXELS = "7FE00010"


def attribute(vr: str, *values: Any) -> Document:
    """One attribute; without a value when there is none."""
    kept = [each for each in values if each not in ("", None)]
    return {"vr": vr, "Value": kept} if kept else {"vr": vr}


def study(examination: Examination, url: str) -> Document:
    """What every result says of its examination; numbers are removed at intake.

    Study Date and Time (0008,0020), (0008,0030) are what its files say: moved, or empty.
    """
    person = {"vr": "PN", "Value": [{"Alphabetic": examination.patient}]}
    return {
        "00080005": attribute("CS", "ISO_IR 192"),
        "00080020": attribute("DA", da.da(examination.study_date)),
        "00080030": attribute("TM", da.tm(examination.study_time)),
        "00080050": attribute("SH"),
        "00080056": attribute("CS", "ONLINE"),
        "00080090": attribute("PN"),
        "00081190": attribute("UR", url),
        "00100010": person,
        "00100020": attribute("LO", examination.patient),
        "00100030": attribute("DA"),
        "00100040": attribute("CS"),
        "0020000D": attribute("UI", examination.study_uid),
        "00200010": attribute("SH"),
    }


def series(series: Series, url: str, instances: int | None) -> Document:
    """What a result says of its series."""
    document = {
        "00080060": attribute("CS", series.dicom_modality),
        "0008103E": attribute("LO", series.description),
        "00081190": attribute("UR", url),
        "0020000D": attribute("UI", series.examination.study_uid),
        "0020000E": attribute("UI", series.series_uid),
        "00200011": attribute("IS", series.number),
    }
    if instances is not None:
        document["00201209"] = attribute("IS", instances)
    return document


def instance(instance: Instance, url: str) -> Document:
    """What a result says of its instance."""
    geometry = instance.series.geometry or {}
    document = {
        "00080016": attribute("UI", instance.sop_class_uid),
        "00080018": attribute("UI", instance.sop_uid),
        "00080056": attribute("CS", "ONLINE"),
        "00081190": attribute("UR", url),
        "0020000D": attribute("UI", instance.series.examination.study_uid),
        "0020000E": attribute("UI", instance.series.series_uid),
        "00200013": attribute("IS", instance.number),
        "00280010": attribute("US", geometry.get("rows")),
        "00280011": attribute("US", geometry.get("columns")),
        "00280100": attribute("US", _bits_allocated(instance, geometry)),
    }
    if instance.frames > 1:
        document["00280008"] = attribute("IS", instance.frames)
    return document


def _bits_allocated(instance: Instance, geometry: Mapping[str, Any]) -> int | None:
    """Bits of a sample, by a frame's bytes; None before its series is packed."""
    pixels = geometry.get("rows", 0) * geometry.get("columns", 0)
    return 8 * instance.frame_bytes // pixels if instance.frame_bytes and pixels else None


class Holdings:
    """How many series and instances examinations have within reach, and of which modality."""

    def __init__(self, series: Iterable[Series], instances: dict[UUID, int]) -> None:
        self._series: dict[UUID, list[Series]] = {}
        for each in series:
            self._series.setdefault(each.examination_id, []).append(each)
        self._instances = instances

    def of(self, examination: UUID) -> Document:
        """The attributes that count."""
        series = self._series.get(examination, [])
        return {
            "00080061": attribute("CS", *sorted({each.dicom_modality for each in series})),
            "00201206": attribute("IS", len(series)),
            "00201208": attribute("IS", self._instances.get(examination, 0)),
        }

    def first(self, examination: UUID) -> Series | None:
        """The first series of an examination."""
        return next(iter(self._series.get(examination, [])), None)


def holdings(reach: QuerySet[Series], examinations: list[Examination]) -> Holdings:
    """What these examinations hold: two queries, however many they are, each by its keys.

    Parameters
    ----------
    reach
        Which of their series are within reach (`Scope.of_found`).
    """
    series = list(reach.filter(examination__in=[each.pk for each in examinations])
                  .select_related("examination"))  # fmt: skip
    found = Instance.objects.filter(series__in=[each.pk for each in series]).order_by()
    counts: dict[UUID, int] = {}
    of = {each.pk: each.examination_id for each in series}
    for pk, count in found.values_list("series").annotate(Count("pk")):
        counts[of[pk]] = counts.get(of[pk], 0) + count
    return Holdings(series, counts)


class Extra:
    """Adds the attributes that `includefield` asks for, out of the data sets themselves."""

    def __init__(self, include: frozenset[str] | None) -> None:
        self._include = include
        self._read: tuple[UUID, dict[str, Document]] | None = None  # results come by series

    def add(
        self, document: Document, series: Series | None, sop_uid: str | None = None
    ) -> Document:
        """The document with what it lacks; of a study or series, as its first instance has it."""
        if series is not None and self._include != frozenset():
            whole = self._dataset(series, sop_uid)
            names = whole.keys() if self._include is None else self._include & whole.keys()
            document |= {name: whole[name] for name in names - document.keys() - {PIXELS}}
        return dict(sorted(document.items()))

    def _dataset(self, series: Series, sop_uid: str | None) -> Document:
        if self._read is None or self._read[0] != series.pk:
            self._read = (series.pk, datasets_of(series))
        found = self._read[1]
        return found.get(sop_uid, {}) if sop_uid else next(iter(found.values()), {})
