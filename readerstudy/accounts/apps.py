"""The accounts app's configuration."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers the app."""

    name = "readerstudy.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
