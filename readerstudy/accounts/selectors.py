"""Queries about users and sites."""

from typing import Any

from django.db.models import QuerySet

from readerstudy.accounts import reading_room
from readerstudy.accounts.models import Site, User


def sites() -> QuerySet[Site]:
    """Every institution, by name."""
    return Site.objects.all()


def people() -> QuerySet[User]:
    """Everybody who can sign in, for whoever picks readers and roles."""
    return User.objects.filter(is_active=True).select_related("site")


def me(user: User) -> dict[str, Any]:
    """What `/api/me` says of the signed-in user, but for the CSRF token."""
    return {
        "id": str(user.pk),
        "username": user.username,
        "display_name": str(user),
        "experience": user.experience,
        "theme": user.theme,
        "reading_room": reading_room.settings(user.reading_room),
    }
