"""The results app's addresses."""

from django.urls import path

from readerstudy.results import views

app_name = "results"
ROOT = "studies/<uuid:study_id>/results/"
urlpatterns = [
    path("planning/", views.plan, name="plan"),
    path("planning/figure.svg", views.plan_figure, name="plan-figure"),
    path(ROOT, views.detail, name="detail"),
    path(f"{ROOT}interim/", views.interim, name="interim"),
    path(f"{ROOT}emergency/", views.emergency, name="emergency"),
    path(f"{ROOT}emergency/<uuid:asked_id>", views.grant_emergency, name="grant-emergency"),
    path(f"{ROOT}detectors/", views.detectors, name="detectors"),
    path(f"{ROOT}sending/", views.sending, name="sending"),
    path(f"{ROOT}sending/<uuid:parcel_id>", views.send_again, name="send-again"),
    path(f"{ROOT}do/<slug:action>", views.act, name="act"),
    path(f"{ROOT}runs/<uuid:run_id>/bundle.zip", views.bundle, name="bundle"),
    path(f"{ROOT}runs/<uuid:run_id>/tables/<slug:name>.csv", views.table, name="table"),
    path(f"{ROOT}runs/<uuid:run_id>/<path:name>", views.figure, name="figure"),
]
