"""What changes users and sites."""

from collections.abc import Mapping

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from readerstudy.accounts import effects, reading_room
from readerstudy.accounts.models import Experience, Site, User
from readerstudy.audit.services import record
from readerstudy.web.problems import Invalid, Problem, Refused

MAX_YEARS = 70
MAX_NAME, MAX_USERNAME, MAX_CITY, MAX_EMAIL = 120, 150, 80, 254


def create_site(*, name: str, city: str = "", by: User | None) -> Site:
    """Add an institution.

    Raises
    ------
    Problem
        400 without a name, 409 when a site of this name is there.
    """
    name = name.strip()
    if not name:
        raise Invalid("accounts.site_name", "Give the site a name.")
    if len(name) > MAX_NAME or len(city.strip()) > MAX_CITY:
        words = f"The name of a site has at most {MAX_NAME} characters, its city {MAX_CITY}."
        raise Invalid("accounts.site_name", words)
    with transaction.atomic():
        if Site.objects.filter(name=name).exists():
            raise Problem("accounts.site_exists", f"There is a site called {name}: choose it.")
        site = Site.objects.create(name=name, city=city.strip())
        record("accounts.create_site", subject=f"site:{site.pk}", by=by, detail={"name": name})
    return site


def create_user(  # noqa: PLR0913 -- a person's fields, by keyword
    *,
    username: str,
    password: str,
    display_name: str = "",
    site: Site | None = None,
    experience: str = "",
    experience_years: int | None = None,
    email: str = "",
    creates_studies: bool = False,
    is_administrator: bool = False,
    is_simulated: bool = False,
    by: User | None,
) -> User:
    """Add a person who can sign in.

    Parameters
    ----------
    experience : str
        A value of `Experience`, or "" for somebody who does not read.
    by : User or None
        An administrator or a coordinator; None is the installation itself.

    Raises
    ------
    Problem
        400 for a value that cannot be taken, 403 when `by` may not add such a user, 409 for a
        username that is taken.
    """
    _may_add(by, privileged=creates_studies or is_administrator)
    user = User(
        username=_username(username),
        display_name=_display_name(display_name.strip() or username),
        site=site,
        experience=_experience(experience),
        experience_years=_years(experience_years),
        email=_email(email),
        creates_studies=creates_studies,
        is_staff=is_administrator,
        is_simulated=is_simulated,
    )
    _check_password(password, user)
    user.set_password(password)
    with transaction.atomic():
        if User.objects.filter(username__iexact=user.username).exists():
            raise Problem("accounts.username_taken", f"{username} is taken: choose another name.")
        user.save(force_insert=True)
        detail = {"username": user.username, "experience": user.experience}
        rights = {"creates_studies": creates_studies, "is_administrator": is_administrator}
        record("accounts.create_user", subject=f"user:{user.pk}", by=by, detail=detail | rights)
    return user


def change_password(user: User, *, old: str, new: str, by: User) -> User:
    """Set a new password; every other session of the user ends at once (their hash is stale).

    An administrator may set another user's password; `old` is then the administrator's own.

    Raises
    ------
    Problem
        403 for a wrong old password or another's account, 400 for a weak new one.
    """
    if by != user and not by.is_staff:
        raise Refused("accounts.not_yours", "Only an administrator sets another's password.")
    if not by.check_password(old):
        raise Refused("accounts.wrong_password", _("The present password is not right. Try again."))
    _check_password(new, user)
    with transaction.atomic():
        user.set_password(new)
        user.save(update_fields=["password"])
        record("accounts.change_password", subject=f"user:{user.pk}", by=by)
    return user


def set_profile(
    user: User, *, display_name: str, theme: str, email: str | None = None, by: User
) -> User:
    """Set how a user is named, how their screens look and where mails reach them.

    Parameters
    ----------
    email : str or None
        "" for no mails; None leaves it as it is. The record says that it changed, not the address.
    """
    if by != user and not by.is_staff:
        raise Refused("accounts.not_yours", "Only an administrator changes another's profile.")
    if theme not in ("dark", "light"):
        raise Invalid("accounts.theme", _("Choose the dark or the light theme."))
    if not display_name.strip():
        raise Invalid("accounts.display_name", _("Give the name that others shall see."))
    display_name = _display_name(display_name.strip())
    address = user.email if email is None else _email(email)
    with transaction.atomic():
        detail = {"display_name": display_name, "theme": theme}
        if address != user.email:
            detail["email"] = "changed"
        user.display_name, user.theme, user.email = display_name, theme, address
        user.save(update_fields=["display_name", "theme", "email"])
        record("accounts.set_profile", subject=f"user:{user.pk}", by=by, detail=detail)
    return user


def set_reading_room(
    user: User, *, keys: Mapping[str, list[str]], tour_seen: bool, by: User
) -> User:
    """Keep a user's own keys of the reading room, and whether they took its tour.

    Parameters
    ----------
    keys : mapping
        Only what differs from the usual keys: keys by command (`accounts.reading_room`).

    Raises
    ------
    Problem
        400 for keys that cannot be taken, 403 for another's.
    """
    if by != user:
        raise Refused("accounts.not_yours", "Everybody chooses their own keys.")
    if words := reading_room.problem(keys):
        raise Invalid("accounts.keys", words)
    kept = {"keys": {name: list(its) for name, its in keys.items()}, "tour_seen": tour_seen}
    with transaction.atomic():
        user.reading_room = kept
        user.save(update_fields=["reading_room"])
        record("accounts.set_reading_room", subject=f"user:{user.pk}", by=by, detail=kept)
    return user


def set_language(user: User, *, language: str, by: User) -> User:
    """Set the language that a user's pages are in, on every machine.

    Raises
    ------
    Problem
        400 for a language that there is not, 403 for another's account.
    """
    if by != user:
        raise Refused("accounts.not_yours", "Everybody sets their own language.")
    if language not in dict(settings.LANGUAGES):
        raise Invalid("accounts.language", _("Choose one of the languages that there are."))
    if language != user.language:
        with transaction.atomic():
            user.language = language
            user.save(update_fields=["language"])
            detail = {"language": language}
            record("accounts.set_language", subject=f"user:{user.pk}", by=by, detail=detail)
    return user


def deactivate(user: User, *, reason: str, by: User) -> User:
    """End a user's access: sessions are dead at the next request, nothing of theirs is deleted."""
    _require_administrator(by)
    if user == by:
        raise Refused("accounts.yourself", "Ask another administrator to deactivate your account.")
    if not reason.strip():
        raise Invalid("accounts.reason", "Say why the account is deactivated.")
    return _set_active(user, "accounts.deactivate", active=False, reason=reason, by=by)


def reactivate(user: User, *, reason: str, by: User) -> User:
    """Give a deactivated user access again."""
    _require_administrator(by)
    return _set_active(user, "accounts.reactivate", active=True, reason=reason, by=by)


def _set_active(user: User, action: str, *, active: bool, reason: str, by: User) -> User:
    with transaction.atomic():
        user.is_active = active
        user.deactivated_at = None if active else timezone.now()
        user.save(update_fields=["is_active", "deactivated_at"])
        if not active:
            effects.deactivated(user)
        record(action, subject=f"user:{user.pk}", by=by, reason=reason)
    return user


def _may_add(by: User | None, *, privileged: bool) -> None:
    if by is None or by.is_staff:
        return
    if privileged:
        raise Refused("accounts.privileged", "Only an administrator adds such a user.")
    if not by.creates_studies:
        raise Refused("accounts.may_not_add", "Ask a coordinator or an administrator to add users.")


def _require_administrator(by: User) -> None:
    if not by.is_staff:
        raise Refused("accounts.administrator", "Only an administrator may do this: ask one.")


def _username(name: str) -> str:
    name = User.normalize_username(name.strip())
    try:
        UnicodeUsernameValidator()(name)
    except ValidationError:
        words = "A username has letters, digits and @ . + - _ only, and no space."
        raise Invalid("accounts.username", words) from None
    if len(name) > MAX_USERNAME:
        raise Invalid("accounts.username", f"A username has at most {MAX_USERNAME} characters.")
    return name


def _display_name(name: str) -> str:
    if len(name) > MAX_NAME:
        words = _("A name has at most %d characters: shorten it.") % MAX_NAME
        raise Invalid("accounts.display_name", words)
    return name


def _email(address: str) -> str:
    address = address.strip()
    try:
        if address:
            validate_email(address)
            MaxLengthValidator(MAX_EMAIL)(address)
    except ValidationError:
        words = _("This is not a mail address. Leave it empty for no mails.")
        raise Invalid("accounts.email", words) from None
    return address


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as weak:
        raise Invalid("accounts.weak_password", " ".join(weak.messages)) from None


def _experience(value: str) -> str:
    if value and value not in Experience.values:
        levels = ", ".join(Experience.values)
        raise Invalid("accounts.experience", f"Experience is one of {levels}.")
    return value


def _years(value: int | None) -> int | None:
    if value is not None and not 0 <= value <= MAX_YEARS:
        raise Invalid("accounts.years", f"Years of experience lie between 0 and {MAX_YEARS}.")
    return value
