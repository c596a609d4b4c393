"""The proposals app's addresses."""

from django.urls import path

from readerstudy.proposals import views

app_name = "proposals"
urlpatterns = [
    path("detectors/", views.overview, name="list"),
    path("detectors/<str:detector>/reliability.svg", views.reliability, name="reliability"),
    path("detectors/register", views.register, name="register"),
    path("detectors/runs/<uuid:run_id>/retry", views.retry, name="retry"),
]
