"""E7: Planted identifiers, in whatever letters, are nowhere once the images are in."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from pydicom.charset import encode_string

from readerstudy.audit.models import Entry
from readerstudy.imaging import services
from readerstudy.imaging.models import HeldFile, Upload
from readerstudy.imaging.services import intake
from readerstudy.studies.models import Study
from tests import dicom, everywhere, kept
from tests.cast import People

pytestmark = [pytest.mark.django_db, pytest.mark.fault("E7")]
SignIn = Callable[..., Client]
# Specific Character Set (0008,0005), how Python calls it, a name (PS3.5 6.1, H, I)
LETTERS = {
    "ascii": ("", [], dicom.CANARIES[0]),
    "utf-8": ("ISO_IR 192", ["utf8"], "Жуковская^Ксения"),
    "latin-1": ("ISO_IR 100", ["latin_1"], "Müßigbräu^Zoëlina"),
    "cyrillic": ("ISO_IR 144", ["iso8859_5"], "Люксембург^Роза"),
    "japanese": (
        ["", "ISO 2022 IR 87"],
        ["latin_1", "iso2022_jp"],
        "Qyamada^Qtarou=山田中^太郎丸=やまだなか^たろうまる",
    ),
    "korean": (
        ["", "ISO 2022 IR 149"],
        ["latin_1", "euc_kr"],
        "Qhong^Qgildong=洪吉洞^高麗人=홍길동이^고려사람",
    ),
}  # fmt: skip


def named(letters: str) -> tuple[dict[str, Any], set[bytes]]:
    """Elements with the name wherever a scanner may write one, and the bytes to look for."""
    charset, python, name = LETTERS[letters]
    words = name.replace("=", "^").split("^")
    persons = ("PatientName", "ReferringPhysicianName", "OperatorsName", "OtherPatientNames")
    texts = ("PatientComments", "InstitutionName")
    elements = dict.fromkeys(persons, name) | dict.fromkeys(texts, words[-1])
    elements |= {"SeriesDescription": f"T1 MPRAGE post KM {words[-1]}", "ProtocolName": words[-2]}
    wanted = {bytes(encode_string(each, python)) for each in words if python}
    for word in (*words, *dicom.CANARIES):
        wanted |= everywhere.forms(word)
    return {"SpecificCharacterSet": charset, **elements} if charset else elements, wanted


@pytest.fixture
def study(people: People) -> Study:
    return kept.draft_study(people, n_cases=0)


def clean_of(capfd: Any, caplog: pytest.LogCaptureFixture, pages: dict[str, bytes]) -> Any:
    """All that there is now: on the disk, in the database, logged, mailed, shown."""
    logged = {"output": "".join(capfd.readouterr()).encode(), "log": caplog.text.encode()}
    return (everywhere.on_disk(), everywhere.in_the_database(), everywhere.mailed(), logged, pages)


def send(client: Client, study: Study, paths: list[Path], *, name: str) -> str:
    """As a page does; a file's name and path may be a patient's."""
    opened = client.post(f"/api/collections/{study.collection_id}/uploads").json()["id"]
    for path in paths:
        client.put(
            f"/api/uploads/{opened}/files", path.read_bytes(),
            content_type="application/octet-stream",
            headers={"Readerstudy-Path": quote(f"{name}/{name}.dcm")},
        )  # fmt: skip
    return str(opened)


@pytest.mark.parametrize("letters", LETTERS)
def test_e7_no_identifier_is_left_in_any_table_file_log_letter_or_page(
    study: Study, people: People, sign_in: SignIn, tmp_path: Path, letters: str,
    capfd: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    elements, words = named(letters)
    client = sign_in(people.cora)
    client.raise_request_exception = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom, of words in letters that a set has not
        taken = dicom.series(
            tmp_path, count=3, description=str(elements.pop("SeriesDescription")), **elements
        )
        held = dicom.save(dicom.image(BurnedInAnnotation="YES", **elements), tmp_path / "held")
        other = dicom.image(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", number=7, **elements)
        refused = dicom.save(other, tmp_path / "refused")
        late = dicom.save(
            dicom.image(number=8, uids=("1.2.9", "1.2.9.1"), **elements), tmp_path / "late"
        )
    assert everywhere.found(words, {"source": taken[0].read_bytes()}), "they are in what came"

    first = send(client, study, [*taken, held, refused], name=LETTERS[letters][2])
    client.post(f"/api/uploads/{first}/finish")
    services.perform(Upload.objects.get(pk=first).pk)

    def broken(*_given: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(intake, "new_instance", broken)
    second = client.post(f"/api/collections/{study.collection_id}/uploads").json()["id"]
    failed = client.put(
        f"/api/uploads/{second}/files", late.read_bytes(), content_type="application/octet-stream"
    )
    assert failed.status_code == 500
    one = Upload.objects.get(pk=first)
    assert (one.stored, one.report["refused"]) == (3, {"HELD": 1, "NOT_AN_IMAGE": 1})
    pages = {"500": failed.content}
    for end in (f"uploads/{first}/", "cases/", "held/", "record/"):
        answer = client.get(f"/studies/{study.pk}/{end}")
        pages[end] = answer.content
    left = clean_of(capfd, caplog, pages)
    assert everywhere.found(words, *left) == []
    tables = left[1]
    assert HeldFile.objects.get().header["sop_uid"].encode() in tables["table imaging_heldfile"]
    assert everywhere.found({study.name.encode()}, left[1]), "what is there is found"
    assert Entry.objects.exists()
    assert "broken on purpose" in (left[3]["output"] + left[3]["log"]).decode()
