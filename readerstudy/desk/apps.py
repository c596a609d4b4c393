"""The desk app's configuration."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """Registers the app."""

    name = "readerstudy.desk"
    label = "desk"
    default_auto_field = "django.db.models.BigAutoField"
