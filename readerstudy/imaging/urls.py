"""The imaging app's addresses."""

from django.urls import path

from readerstudy.imaging import api, dicomweb, serving

app_name = "imaging"
SERIES = "imaging/<str:token>/series/<uuid:series_id>"
WEB = "dicomweb/<str:token>/studies"
ONE, SOME = f"{WEB}/<str:study>", f"{WEB}/<str:study>/series/<str:series>"
INSTANCE = f"{SOME}/instances/<str:instance>"
urlpatterns = [
    path(f"{SERIES}/pack", serving.pack, name="pack"),
    path(f"{SERIES}/frames/<str:number>", serving.frame, name="frame"),
    path(f"{SERIES}/thumbnail", serving.thumbnail, name="thumbnail"),
    path(WEB, dicomweb.studies, name="qido-studies"),
    path(f"{ONE}/series", dicomweb.series, name="qido-series"),
    path(f"{SOME}/instances", dicomweb.instances, name="qido-instances"),
    path(f"{ONE}/metadata", dicomweb.metadata, name="study-metadata"),
    path(f"{SOME}/metadata", dicomweb.metadata, name="series-metadata"),
    path(f"{INSTANCE}/metadata", dicomweb.metadata, name="instance-metadata"),
    path(ONE, dicomweb.retrieve, name="wado-study"),
    path(SOME, dicomweb.retrieve, name="wado-series"),
    path(INSTANCE, dicomweb.retrieve, name="wado-instance"),
    path(f"{INSTANCE}/frames/<str:numbers>", dicomweb.frames, name="wado-frames"),
    path("api/collections/<uuid:collection_id>/uploads", api.Uploads.as_view(), name="uploads"),
    path("api/uploads/<uuid:upload_id>", api.OneUpload.as_view(), name="upload"),
    path("api/uploads/<uuid:upload_id>/files", api.Files.as_view(), name="files"),
    path("api/uploads/<uuid:upload_id>/finish", api.Finish.as_view(), name="finish"),
]
