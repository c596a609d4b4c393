"""The truth app's configuration."""

from django.apps import AppConfig


class TruthConfig(AppConfig):
    """Registers the app: its readiness check, the feedback on training reads, the panel."""

    name = "readerstudy.truth"
    label = "truth"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what other apps ask for."""
        from readerstudy.truth import (  # noqa: F401 -- they register themselves
            checks,
            deliveries,
            feedback,
            panels,
        )
