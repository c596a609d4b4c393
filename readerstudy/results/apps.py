"""The results app's configuration."""

from django.apps import AppConfig


class ResultsConfig(AppConfig):
    """Registers the app."""

    name = "readerstudy.results"
    label = "results"
    default_auto_field = "django.db.models.BigAutoField"
