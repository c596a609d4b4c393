"""A frame by a reader's token: answered early, and no otherwise than the long way answers it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from django.test import Client

from readerstudy.imaging import services, tokens
from readerstudy.imaging.dicomweb import quick
from readerstudy.imaging.models import Examination
from tests import dicom
from tests.integration.imaging.test_dicomweb import uids

pytestmark = pytest.mark.django_db


@pytest.fixture
def examination(tmp_path: Path) -> Examination:
    study = dicom.generate_uid(prefix=None)
    for name in ("T1 MPRAGE post KM", "FLAIR"):
        dicom.series(tmp_path / name, description=name, study=study, count=3)
    made = services.create_collection(name="images")
    services.import_folder(tmp_path, collection=made, by=None)
    return Examination.objects.get()


def test_a_frame_by_token_is_answered_early_and_as_the_long_way_answers_it(
    examination: Examination, client: Client, monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Callable[..., AbstractContextManager[object]],
) -> None:  # fmt: skip
    series, other = examination.series.all()[:2]
    study_uid, series_uid, sop_uid = uids(series)
    token = tokens.issue([str(series.pk)], seconds=60)
    late = tokens.issue([str(series.pk)], seconds=-1)
    end = f"studies/{study_uid}/series/{series_uid}/instances/{sop_uid}/frames"

    def asked(address: str, **headers: str) -> tuple[int, str, bytes]:
        answer = client.get(address, headers=headers)
        parts = getattr(answer, "streaming_content", None)
        body = b"".join(parts) if parts is not None else answer.content
        kind = answer["Content-Type"]
        boundary = kind.partition("boundary=")[2] or "none"
        return (
            answer.status_code,
            kind.partition("boundary")[0],
            body.replace(boundary.encode(), b"boundary"),
        )

    foreign = f"studies/{study_uid}/series/{other.series_uid}/instances/{uids(other)[2]}/frames/1"
    requests: list[tuple[str, dict[str, str]]] = [
        (f"/dicomweb/{token}/{end}/1", {}),
        (f"/dicomweb/{token}/{end}/1", {"Accept": "application/octet-stream"}),
        (f"/dicomweb/{token}/{end}/1,1", {}),
        (f"/dicomweb/{token}/{end}/1,1", {"Accept": "application/octet-stream"}),
        (f"/dicomweb/{token}/{end}/1", {"Accept": "image/png"}),
        (f"/dicomweb/{token}/{end}/2", {}),
        (f"/dicomweb/{token}/{foreign}", {}),
        (f"/dicomweb/{late}/{end}/1", {}),
        (f"/dicomweb/{token[:-2]}xx/{end}/1", {}),
        (f"/dicomweb/{token}/{end.replace(sop_uid, '1.2.3')}/1", {}),
    ]
    client.get(requests[0][0])  # its query is written once
    with django_assert_num_queries(1):
        client.get(requests[0][0])
    early = [asked(address, **headers) for address, headers in requests]
    monkeypatch.setattr(quick, "frames", lambda *_given, **_named: None)
    assert early == [asked(address, **headers) for address, headers in requests]
    assert [each[0] for each in early] == [200, 200, 200, 406, 406, 404, 404, 404, 404, 404]
