"""The metadata of instances as DICOM JSON: written at intake, ready to send."""

import json
from typing import Any

from readerstudy.imaging import metadata, objects, store
from readerstudy.imaging.models import Instance, Series


def of_series(series: Series) -> bytes:
    """The data sets of a series, as the text of a JSON list."""
    path = store.metadata_path(series)
    if series.pack_sha256 and objects.exists(path):
        return objects.read(path)
    instances = Instance.objects.filter(series=series).select_related("series__examination")
    return metadata.text(list(map(store.path_of, instances)))


def joined(several: list[bytes]) -> bytes:
    """Several lists as one."""
    inside = [each.strip()[1:-1] for each in several]
    return b"[" + b",".join(each for each in inside if each) + b"]"


def addressed(document: bytes, base: str) -> bytes:
    """The document with the addresses of its bulk data (PS3.18 F.2.2) under `base`."""
    return address_of(base).join(pieces(document))


def pieces(document: bytes) -> list[bytes]:
    """The document cut where an address belongs between its pieces."""
    return document.split(metadata.BULK_MARK.encode())


def address_of(base: str) -> bytes:
    """What comes between the pieces."""
    return f'"BulkDataURI":{json.dumps(f"{base}/")[:-1]}'.encode()


def datasets_of(series: Series) -> dict[str, dict[str, Any]]:
    """The data sets of a series by SOP Instance UID, in order."""
    return {each["00080018"]["Value"][0]: each for each in json.loads(of_series(series))}
