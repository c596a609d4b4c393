"""The imaging app's addresses."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from readerstudy.imaging import api, chunks, serving
from readerstudy.imaging.dicomweb import pictures, qido, stow, wado

app_name = "imaging"
SERIES = "imaging/<str:token>/series/<uuid:series_id>"
TOKEN, COLLECTION = "dicomweb/<str:token>", "dicomweb/collections/<uuid:collection_id>"
View = Callable[..., Any]


def dicomweb(base: str, name: str, studies: View, study: View) -> list[URLPattern]:
    """The resources of PS3.18 10.1 below an address, whatever opens them."""
    one, some = f"{base}/studies/<str:study>", f"{base}/studies/<str:study>/series/<str:series>"
    instance = f"{some}/instances/<str:instance>"
    frames = f"{instance}/frames/<str:numbers>"
    addresses: list[tuple[str, View, str]] = [
        (f"{base}/studies", studies, "studies"),
        (f"{base}/series", qido.series, "all-series"),
        (f"{base}/instances", qido.instances, "all-instances"),
        (f"{one}/series", qido.series, "series"),
        (f"{one}/instances", qido.instances, "study-instances"),
        (f"{some}/instances", qido.instances, "instances"),
        (one, study, "study"),
        (some, wado.retrieve, "one-series"),
        (instance, wado.retrieve, "instance"),
        (frames, wado.frames, "frames"),
        (f"{instance}/bulkdata/<str:tag>", wado.bulk_data, "bulk-data"),
    ]
    for level, place in (("study", one), ("series", some), ("instance", instance)):
        addresses.append((f"{place}/metadata", wado.metadata, f"{level}-metadata"))
        addresses.append((f"{place}/bulkdata", wado.all_bulk_data, f"{level}-bulk-data"))
    for level, place in (
        ("study", one), ("series", some), ("instance", instance), ("frames", frames),
    ):  # fmt: skip
        addresses.append((f"{place}/rendered", pictures.rendered, f"{level}-rendered"))
        addresses.append((f"{place}/thumbnail", pictures.thumbnail, f"{level}-thumbnail"))
    return [path(place, view, name=f"{name}-{end}") for place, view, end in addresses]


urlpatterns = [
    *dicomweb(COLLECTION, "collection", stow.studies, stow.studies),
    *dicomweb(TOKEN, "token", qido.studies, wado.retrieve),
    path(f"{SERIES}/pack", serving.pack, name="pack"),
    path(f"{SERIES}/frames/<str:number>", serving.frame, name="frame"),
    path(f"{SERIES}/thumbnail", serving.thumbnail, name="thumbnail"),
    path("api/collections/<uuid:collection_id>/uploads", api.Uploads.as_view(), name="uploads"),
    path("api/uploads/<uuid:upload_id>", api.OneUpload.as_view(), name="upload"),
    path("api/uploads/<uuid:upload_id>/files", api.Files.as_view(), name="files"),
    path("api/uploads/<uuid:upload_id>/parts", chunks.Parts.as_view(), name="parts"),
    path(
        "api/uploads/<uuid:upload_id>/parts/<uuid:part_id>",
        chunks.OnePart.as_view(),
        name="part",
    ),
    path("api/collections/<uuid:collection_id>/known", api.Known.as_view(), name="known"),
    path("api/uploads/<uuid:upload_id>/finish", api.Finish.as_view(), name="finish"),
]
