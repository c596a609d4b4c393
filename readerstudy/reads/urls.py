"""The reads app's addresses."""

from django.urls import path

from readerstudy.reads import api, views

app_name = "reads"
ONE = "api/reads/<uuid:read_id>"
urlpatterns = [
    path("reading/", views.home, name="home"),
    path("reading/<uuid:study_id>/", views.room, name="room"),
    path("reading/<uuid:study_id>/start/", views.start, name="start"),
    path("reading/<uuid:study_id>/questions/<slug:key>/", views.questions, name="questions"),
    path("reading/<uuid:study_id>/training/", views.training, name="training"),
    path("reading/<uuid:study_id>/history/", views.history, name="history"),
    path("reading/<uuid:study_id>/certificate/", views.certificate, name="certificate"),
    path("api/worklist", api.Worklist.as_view(), name="worklist"),
    path("api/studies/<uuid:study_id>/sessions", api.Sessions.as_view(), name="sessions"),
    path("api/studies/<uuid:study_id>/reads", api.Reads.as_view(), name="reads"),
    path(ONE, api.OneRead.as_view(), name="read"),
    path(f"{ONE}/events", api.Events.as_view(), name="events"),
    path(f"{ONE}/late-events", api.LateEvents.as_view(), name="late-events"),
    path(f"{ONE}/take-over", api.TakeOver.as_view(), name="take-over"),
    path(f"{ONE}/submit", api.Submit.as_view(), name="submit"),
    path(f"{ONE}/next-images", api.NextImages.as_view(), name="next-images"),
    path(f"{ONE}/heat-maps", api.HeatMaps.as_view(), name="heat-maps"),
    path(f"{ONE}/known-lesions", api.KnownLesions.as_view(), name="known-lesions"),
    path(f"{ONE}/problem", api.Problems.as_view(), name="problem"),
]
