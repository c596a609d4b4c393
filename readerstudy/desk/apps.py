"""The desk app's configuration."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """Registers the app."""

    name = "readerstudy.desk"
    label = "desk"
