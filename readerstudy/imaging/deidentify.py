"""De-identification by allow-list (DICOM PS3.15 Annex E, Basic Application Level Profile). Pure.

What is not on the list (`elements`) is removed, private elements and all. UIDs are replaced by a
keyed hash (the same UID gives the same replacement under the same key; without the key there is
no way back), the patient by a pseudonym made the same way. Dates and times are emptied or
removed, unless the study's options (`options`) retain them moved. The report names elements,
never values.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydicom import DataElement, Dataset, uid
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import FileMetaDataset
from pydicom.tag import BaseTag
from pydicom.uid import ExplicitVRLittleEndian

from readerstudy.imaging import dates, elements, private, vocabulary
from readerstudy.imaging.options import SHIFT, Options

METHOD = "Readerstudy allow-list 3"
BASIC = Options()
MAX_PRIVATE = 300  # private elements that a report names one by one
_MIN_NAME = 3
_IDS = ("PatientID", "OtherPatientIDs", "AccessionNumber", "IssuerOfPatientID")


@dataclass
class Report:
    """What was done to the elements of one file, by keyword; never a value."""

    removed: set[str] = field(default_factory=set)
    replaced: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)

    def as_dict(self) -> dict[str, list[str]]:
        """As lists, sorted."""
        return {
            "removed": sorted(self.removed),
            "replaced": sorted(self.replaced),
            "emptied": sorted(self.emptied),
            "kept": sorted(self.kept),
        }


def map_uid(original: str, key: bytes) -> str:
    """The replacement of a UID under a key, as 2.25.<integer> (PS3.5 B.2)."""
    digest = hmac.new(key, b"uid\0" + original.strip("\0 ").encode(), hashlib.sha256).digest()
    return f"2.25.{int.from_bytes(digest[:16]) or 1}"


def pseudonym(patient_id: str, issuer: str, key: bytes) -> str:
    """A patient's pseudonym under a key: the same patient, the same pseudonym."""
    parts = [each.strip().encode() for each in (patient_id, issuer)]
    message = b"patient\0" + b"".join(len(part).to_bytes(4) + part for part in parts)
    return "P" + hmac.new(key, message, hashlib.sha256).hexdigest()[:11].upper()


def deidentify(source: Dataset, key: bytes, options: Options = BASIC) -> tuple[Dataset, Report]:
    """Make a de-identified copy of a data set; the source is left as it is.

    Parameters
    ----------
    source : pydicom.Dataset
        As read; its pixel data are taken over as they are (`pixels.make_native` cleans them).
    key : bytes
        Of the collection: 32 random bytes.
    options : Options
        What the study retains.
    """
    patient = _patient(source, key)
    walk = _Walk(key, _identifying(source), options, patient)
    clean = walk.copy(source)
    report = walk.report
    clean.PatientName = clean.PatientID = patient
    for keyword in elements.EMPTY:
        if keyword not in clean:
            setattr(clean, keyword, None)
            report.emptied |= {keyword} if keyword in source else set()
    report.replaced |= {"PatientName", "PatientID"}
    report.removed -= report.emptied | report.replaced | report.kept
    _say_so(clean, options)
    clean.file_meta = _file_meta(clean, source)
    return clean, report


def _patient(source: Dataset, key: bytes) -> str:
    """The pseudonym; a file without a patient's ID counts each examination as a patient."""
    patient, issuer = str(source.get("PatientID") or ""), str(source.get("IssuerOfPatientID") or "")
    if not patient.strip():
        patient, issuer = str(source.get("StudyInstanceUID") or ""), "\0examination"
    return pseudonym(patient, issuer, key)


def may_identify(tag: int, keyword: str) -> bool:
    """Whether an element names the patient or another person: its words stay nowhere else."""
    return bool(keyword) and (keyword in _IDS or dictionary_VR(tag) == "PN")


def _identifying(source: Dataset) -> frozenset[str]:
    """Words of persons' names and patients' IDs: no code that stays may be one of them."""
    words: set[str] = set()
    for tag in source.keys():  # noqa: SIM118 -- iterating over a Dataset decodes every element
        keyword = keyword_for_tag(tag)
        if not may_identify(tag, keyword):
            continue
        try:
            words |= set(re.split(r"[\W_]+", str(source[tag].value).upper()))
        except Exception:  # noqa: BLE001, S112 -- what cannot be read is removed anyhow
            continue
    return frozenset(word for word in words if len(word) >= _MIN_NAME and not word.isdigit())


class _Walk:
    """Copies what may stay of a data set and of the items in it, and notes the rest."""

    def __init__(
        self, key: bytes, identifying: frozenset[str], options: Options, patient: str
    ) -> None:
        self._key, self._identifying, self._options = key, identifying, options
        self._back = dates.span(patient, key)
        self._known = elements.ALL
        if not options.descriptors:
            self._known -= elements.DESCRIPTORS
        if options.dates == SHIFT:
            self._known |= dates.ELEMENTS
        if options.device:
            self._known |= elements.DEVICE
        self.report = Report()

    def copy(self, source: Dataset) -> Dataset:
        clean = Dataset()
        for tag in source.keys():  # noqa: SIM118 -- one damaged element must not hide the others
            keyword = keyword_for_tag(tag)
            made = self._safely(source, tag, keyword)
            for each in made:
                clean.add(each)
            self._note(_name(tag, keyword), keyword, is_there=bool(made))
        return clean

    def _note(self, name: str, keyword: str, *, is_there: bool) -> None:
        if not is_there:
            self.report.removed.add(name)
        elif self._is_replaced(keyword):
            self.report.replaced.add(name)
        else:
            self.report.kept.add(name)

    def _is_replaced(self, keyword: str) -> bool:
        is_device = self._options.device and keyword in elements.DEVICE
        return keyword in dates.ELEMENTS or (keyword in elements.REPLACED and not is_device)

    def _safely(self, source: Dataset, tag: BaseTag, keyword: str) -> list[DataElement]:
        try:
            if tag.is_private:
                return private.kept(source, tag) if self._options.private else []
            made = self._cleaned(source, tag, keyword) if keyword in self._known else None
        except RecursionError:
            raise
        except Exception:  # noqa: BLE001 -- a value that cannot be read is not kept
            return []
        return [] if made is None else [made]

    def _cleaned(self, source: Dataset, tag: BaseTag, keyword: str) -> DataElement | None:
        if keyword in dates.ELEMENTS:
            return dates.moved(source, tag, keyword, self._back)
        element = source[tag]
        if keyword in elements.MAY_BE_EMPTY and element.is_empty:
            return DataElement(element.tag, dictionary_VR(keyword), None)
        if self._options.device and keyword in elements.DEVICE:
            return elements.device(element, keyword, self._identifying)
        return self._by_kind(element, keyword)

    def _by_kind(self, element: DataElement, keyword: str) -> DataElement | None:
        if keyword in elements.UIDS:
            return self._uid(element)
        if keyword in elements.SEQUENCES | elements.CODED:
            return self._sequence(element, keyword)
        if keyword in elements.CODES:
            return elements.code(element, self._identifying)
        if keyword in elements.NUMBERS:
            return elements.number(element, keyword)
        if keyword in elements.TEXTS:
            return elements.text(element, keyword)
        is_public = keyword in elements.PUBLIC_UIDS and uid.UID(str(element.value)).is_valid
        return element if is_public or keyword == elements.PIXELS else None

    def _sequence(self, element: DataElement, keyword: str) -> DataElement | None:
        if element.VR != "SQ":
            return None
        if keyword in elements.CODED:
            items = _coded(element.value)
        else:
            items = [self.copy(item) for item in element.value]
        return DataElement(element.tag, "SQ", items) if items else None

    def _uid(self, element: DataElement) -> DataElement | None:
        original = str(element.value or "")
        return DataElement(element.tag, "UI", map_uid(original, self._key)) if original else None


def _name(tag: BaseTag, keyword: str) -> str:
    """By keyword; of a private element its number only: its creator may be anything."""
    return keyword or f"({tag.group:04X},{tag.element:04X})"


def _coded(coded: Iterable[Dataset]) -> list[Dataset]:
    items = []
    for item in coded:
        scheme, value = str(item.CodingSchemeDesignator), str(item.CodeValue)
        if meaning := vocabulary.coded(scheme, value):
            items.append(code_item(value.strip(), scheme.strip(), meaning))
    return items


def code_item(value: str, scheme: str, meaning: str) -> Dataset:
    """An item of a code sequence (PS3.3 8.8)."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _say_so(clean: Dataset, options: Options) -> None:
    """Say in the file that and how it was de-identified (PS3.15 E.1.1)."""
    clean.PatientIdentityRemoved = "YES"
    clean.DeidentificationMethod = METHOD
    clean.DeidentificationMethodCodeSequence = [
        code_item(value, "DCM", meaning) for value, meaning in options.codes()
    ]
    moved = options.dates == SHIFT
    clean.LongitudinalTemporalInformationModified = "MODIFIED" if moved else "REMOVED"


def _file_meta(clean: Dataset, source: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = clean.get("SOPClassUID", "")
    meta.MediaStorageSOPInstanceUID = clean.get("SOPInstanceUID", "")
    meta.TransferSyntaxUID = source.file_meta.get("TransferSyntaxUID", ExplicitVRLittleEndian)
    meta.ImplementationClassUID = uid.PYDICOM_IMPLEMENTATION_UID
    return meta


def merge(reports: Iterable[dict[str, list[str]]]) -> dict[str, list[str]]:
    """The reports of several files as one; of private elements so many, then no more."""
    whole: dict[str, set[str]] = {name: set() for name in Report().as_dict()}
    for each in reports:
        for name, found in each.items():
            whole[name].update(found)
    return {name: _capped(sorted(found)) for name, found in whole.items()}


def _capped(names: list[str]) -> list[str]:
    numbered = [each for each in names if each.startswith("(")]
    return [each for each in names if not each.startswith("(")] + numbered[:MAX_PRIVATE]
