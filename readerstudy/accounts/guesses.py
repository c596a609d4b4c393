"""A password that is asked for again counts with those of signing in: guessing locks (fault G8).

Else who sits down at a session that was left open could try passwords until a signature goes
through; django-axes counts what Django's own sign-in refuses, and nothing else.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest

from readerstudy.accounts.models import User
from readerstudy.web.problems import LockedOut, Refused

WRONG = ".wrong_password"  # how the codes of such refusals end


@contextmanager
def counted(request: HttpRequest, user: User) -> Iterator[None]:
    """Do something that asks for the user's password; a wrong one is counted.

    Raises
    ------
    LockedOut
        429 after as many wrong passwords, here or at signing in, as lock the account
        at this address: a right one is refused too, as long as it is locked.
    """
    credentials = {"username": user.get_username()}
    if not AxesProxyHandler.is_allowed(request, credentials):
        raise LockedOut
    try:
        yield
    except Refused as refused:
        if refused.code.endswith(WRONG):
            user_login_failed.send(sender=__name__, credentials=credentials, request=request)
        raise
