"""The audit app's configuration."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Registers the app."""

    name = "readerstudy.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
