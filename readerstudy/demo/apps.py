"""The demo app's configuration."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Registers the app."""

    name = "readerstudy.demo"
    label = "demo"
    default_auto_field = "django.db.models.BigAutoField"
