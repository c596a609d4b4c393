"""Sessions: begun with a password, and with a code where the user has a second factor.

Nobody is signed in before every factor was given: until then the session holds only who may give
the code, for five minutes. So no request after it has to ask for the second factor again.
"""

import time
from typing import Any

from django.contrib import auth
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from readerstudy.accounts.models import User
from readerstudy.accounts.services import second_factor
from readerstudy.audit.services import record
from readerstudy.web.problems import Problem, Refused

BACKEND = "django.contrib.auth.backends.ModelBackend"
PENDING = "second_factor_pending"
PENDING_S = 300


def sign_in(request: HttpRequest, *, username: str, password: str, code: str = "") -> User:
    """Start a session at once, with all that the user has to give.

    An unknown name, a wrong password and a dead account answer alike.

    Raises
    ------
    Problem
        403 `accounts.wrong_sign_in`; 403 `accounts.code_needed` when the user has a second factor
        and gave no code, `accounts.wrong_code` for one that does not fit; 403
        `accounts.second_factor_missing` for who must set one up first, on the sign-in page. After
        too many failures django-axes answers 429 instead (`web.problems.locked_out`).
    """
    user = _authenticated(request, username, password)
    if second_factor.has_second_factor(user):
        if not code.strip():
            raise Refused("accounts.code_needed", _("Give the code of your authenticator app too."))
        second_factor.check_code(user, code)
    elif second_factor.must_have_second_factor(user):
        words = _(
            "Sign in on the sign-in page first: this site asks you to set up a second factor."
        )
        raise Refused("accounts.second_factor_missing", words)
    return _start(request, user)


def begin_sign_in(request: HttpRequest, *, username: str, password: str) -> User | None:
    """Start a session; None where a code is to be given, or a second factor set up, first.

    Raises
    ------
    Problem
        403 `accounts.wrong_sign_in`, as `sign_in`.
    """
    user = _authenticated(request, username, password)
    if second_factor.has_second_factor(user) or second_factor.must_have_second_factor(user):
        request.session[PENDING] = {
            "user": str(user.pk), "until": time.time() + PENDING_S,
            "hash": user.get_session_auth_hash(),
        }  # fmt: skip
        return None
    return _start(request, user)


def pending_user(request: HttpRequest) -> User | None:
    """Who has given their password, and now gives the code."""
    kept: dict[str, Any] = request.session.get(PENDING) or {}
    if kept.get("until", 0) < time.time():
        return None
    user = User.objects.filter(pk=kept["user"], is_active=True).first()
    return user if user and user.get_session_auth_hash() == kept["hash"] else None


def finish_sign_in(request: HttpRequest, *, code: str) -> User:
    """Start the session of who gave their password, by their code.

    Raises
    ------
    Problem
        403 for a wrong code, or when the password was given too long ago; 429 after wrong ones.
    """
    user = _pending(request)
    second_factor.check_code(user, code)
    return _start(request, user)


def enrol_and_sign_in(request: HttpRequest, *, key: str, code: str) -> list[str]:
    """Set up the second factor that the site asks for, and start the session.

    Returns
    -------
    list of str
        The recovery codes, in clear this once.
    """
    user = _pending(request)
    codes = second_factor.enrol(user, key=key, code=code, by=user)
    _start(request, user)
    return codes


def sign_out(request: HttpRequest) -> None:
    """End the session, if there is one."""
    user = request.user if isinstance(request.user, User) else None
    with transaction.atomic():
        auth.logout(request)
        if user:
            record("accounts.sign_out", subject=f"user:{user.pk}", by=user)


def _authenticated(request: HttpRequest, username: str, password: str) -> User:
    user = auth.authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        words = _("Name and password do not fit. Try again.")
        raise Refused("accounts.wrong_sign_in", words)
    return user


def _pending(request: HttpRequest) -> User:
    user = pending_user(request)
    if user is None:
        raise Problem("accounts.too_late", _("That took too long. Sign in again."), status=403)
    return user


def _start(request: HttpRequest, user: User) -> User:
    with transaction.atomic():
        request.session.pop(PENDING, None)
        auth.login(request, user, backend=BACKEND)
        record("accounts.sign_in", subject=f"user:{user.pk}", by=user)
    return user
