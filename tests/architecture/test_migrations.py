"""The migrations make the tables that the models describe."""

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    """A model's field or index without a migration exists in tests and nowhere else."""
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
