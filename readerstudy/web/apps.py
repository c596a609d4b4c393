"""The web app's configuration."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Registers the app."""

    name = "readerstudy.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"
