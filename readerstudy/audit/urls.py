"""The audit app's addresses."""

from django.urls import path

from readerstudy.audit import views

app_name = "audit"
urlpatterns = [
    path("audit/", views.trail, name="list"),
    path("audit/anchor", views.anchor, name="anchor"),
]
