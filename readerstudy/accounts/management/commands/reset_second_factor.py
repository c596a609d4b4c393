"""`manage.py reset_second_factor NAME --reason ...`: for who lost app and recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from readerstudy.accounts import services
from readerstudy.accounts.models import User
from readerstudy.web.problems import Problem


class Command(BaseCommand):
    """Take a user's second factor away; recorded with its reason."""

    help = "Take a user's second factor away, so that they can set up another."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="why, and how it is known who asked")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it."""
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']}.")
        try:
            services.reset_second_factor(user, reason=options["reason"], by=None)
        except Problem as problem:
            raise CommandError(problem.detail) from None
        self.stdout.write(f"{user.username} signs in with the password alone now.")
