"""The studies app's configuration."""

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    """Registers checks, who may fill a study's collection, what is closed, and chains' names."""

    name = "readerstudy.studies"
    label = "studies"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what other apps ask for."""
        from readerstudy.audit import naming
        from readerstudy.imaging import access
        from readerstudy.studies import checks, selectors  # noqa: F401 -- checks register themselves

        naming.register(selectors.names_of_chains)
        access.register(selectors.may_fill)
        access.register_seal(selectors.sealed)
        access.register_finder(selectors.collection_of)
