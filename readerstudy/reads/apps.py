"""The reads app's configuration."""

from django.apps import AppConfig


class ReadsConfig(AppConfig):
    """Registers the app, and what becomes of open reads when a reader or case is withdrawn."""

    name = "readerstudy.reads"
    label = "reads"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what other apps ask for; the models are there now."""
        from readerstudy.accounts import effects as accounts
        from readerstudy.reads import services
        from readerstudy.studies import effects

        effects.on_withdrawal(services.withdraw_open)
        accounts.on_deactivation(services.close_images)
