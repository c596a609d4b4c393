"""The imaging app's configuration."""

from django.apps import AppConfig


class ImagingConfig(AppConfig):
    """Registers the app."""

    name = "readerstudy.imaging"
    label = "imaging"
    default_auto_field = "django.db.models.BigAutoField"
