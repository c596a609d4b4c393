"""The proposals app's configuration."""

from django.apps import AppConfig


class ProposalsConfig(AppConfig):
    """Registers the app and its readiness check."""

    name = "readerstudy.proposals"
    label = "proposals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what other apps ask for."""
        from readerstudy.proposals import checks  # noqa: F401 -- registers them; models are there now
