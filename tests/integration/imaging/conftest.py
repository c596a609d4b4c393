"""A collection with an examination, a client of it, a real nginx before a live platform."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from dicomweb_client import DICOMwebClient
from django.core.signals import request_started

from benchmarks.imaging import peers
from readerstudy.imaging import services
from readerstudy.imaging.models import Collection, Examination, Series
from tests import dicom
from tests.integration.imaging.proxied import Proxy
from tests.integration.imaging.tokens import opened


@pytest.fixture
def collection() -> Collection:
    return services.create_collection(name="A study's images")


@pytest.fixture
def examination(collection: Collection, tmp_path: Path) -> Examination:
    services.import_folder(dicom.examination(tmp_path, count=5), collection=collection, by=None)
    return Examination.objects.get()


@pytest.fixture
def web(examination: Examination) -> DICOMwebClient:
    return opened(*examination.series.all())


@pytest.fixture
def proxy(live_server: Any, settings: Any, tmp_path: Path) -> Iterator[Proxy]:
    """A real nginx before a live platform; Django's own file server is out of the way."""
    settings.X_ACCEL_PREFIX, settings.PROXY_KEY = "/protected/", peers.PROXY["PROXY_KEY"]
    folder, port = tmp_path / "nginx", peers.free_port()
    folder.mkdir()
    behind = urlsplit(live_server.url).port
    assert behind
    command = peers.proxy(folder, port, behind, Path(settings.STORE_DIR))
    found = Proxy(f"http://127.0.0.1:{port}", live_server.url)

    def note(environ: dict[str, Any], **_: Any) -> None:
        found.asked.append(environ["PATH_INFO"])

    with peers.running(command, port, "/health", dict(os.environ)):
        request_started.connect(note)
        try:
            yield found
        finally:
            request_started.disconnect(note)


@pytest.fixture
def series(proxy: Proxy, tmp_path: Path) -> list[Series]:
    """Three series of one examination, packed."""
    study = dicom.generate_uid(prefix=None)
    for name in ("T1 MPRAGE post KM", "FLAIR", "T2 TSE"):
        dicom.series(tmp_path / "in" / name, description=name, study=study, count=3)
    services.import_folder(
        tmp_path / "in", collection=services.create_collection(name="images"), by=None
    )
    return list(Examination.objects.get().series.order_by("pk"))
