"""Pages of the second factor: the code after the password, setting it up, turning it off."""

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from readerstudy.accounts import guesses, services
from readerstudy.accounts.language import in_language_of
from readerstudy.accounts.models import User
from readerstudy.accounts.sealing import SealedUnderAnotherSecretError, seal, unseal
from readerstudy.accounts.views import target_of
from readerstudy.web.problems import Problem, Unknown

# Of the session, which lies in the database too: the sealed key that the app on this page is
# given, until its first code.
KEY = "second_factor_key"


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """The second step of signing in: the code."""
    user = services.pending_user(request)
    if user is None:
        return redirect("accounts:sign-in")
    context: dict[str, Any] = {"next": request.POST.get("next", request.GET.get("next", ""))}
    if request.method == "POST":
        try:
            services.finish_sign_in(request, code=request.POST.get("code", ""))
        except Problem as problem:
            context["problem"] = problem.detail
            return render(request, "accounts/code.html", context, status=problem.status)
        return in_language_of(redirect(target_of(request)), user)
    return render(request, "accounts/code.html", context)


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """The second step of signing in for who has no second factor yet, where the site asks one."""
    user = services.pending_user(request)
    if user is None or services.has_second_factor(user):
        return redirect("accounts:sign-in")
    setup = _setup(request, user)
    context: dict[str, Any] = {"setup": setup, "onward": target_of(request), "signing_in": True}
    if request.method == "POST":
        try:
            typed = request.POST.get("code", "")
            context["codes"] = services.enrol_and_sign_in(request, key=setup.key, code=typed)
        except Problem as problem:
            context["problem"] = problem.detail
            return render(request, "accounts/enrol.html", context, status=problem.status)
        request.session.pop(KEY, None)
        return in_language_of(render(request, "accounts/enrol.html", context), user)
    return render(request, "accounts/enrol.html", context)


@sensitive_post_parameters("code", "password")
@login_required
@require_http_methods(["GET", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """The own second factor: set it up, make new recovery codes, turn it off."""
    user = cast("User", request.user)
    context: dict[str, Any] = {}
    status = 200
    if request.method == "POST":
        act = ACTS.get(request.POST.get("act", ""))
        if act is None:
            raise Unknown
        try:
            context["codes"] = act(request, user)
        except Problem as problem:
            context["problem"], status = problem.detail, problem.status
    context["has_one"] = services.has_second_factor(user)
    context["is_required"] = services.must_have_second_factor(user)
    if not context["has_one"]:
        context["setup"] = _setup(request, user)
    return render(request, "accounts/second_factor.html", context, status=status)


def _setup(request: HttpRequest, user: User) -> services.Setup:
    """What the app is given; the same while the page is reloaded or a code did not fit."""
    setup = services.setup(user, _key(request, user))
    request.session[KEY] = seal(bytes.fromhex(setup.key), owner=user.pk)
    return setup


def _key(request: HttpRequest, user: User) -> str:
    """The key that is going round, in hexadecimal; empty where there is none yet."""
    try:
        return unseal(request.session.get(KEY, ""), owner=user.pk).hex()
    except SealedUnderAnotherSecretError:
        return ""


def _enrol(request: HttpRequest, user: User) -> list[str]:
    typed = request.POST.get("code", "")
    codes = services.enrol(user, key=_key(request, user), code=typed, by=user)
    request.session.pop(KEY, None)
    return codes


def _renew(request: HttpRequest, user: User) -> list[str]:
    password = request.POST.get("password", "")
    with guesses.counted(request, user):
        return services.renew_recovery_codes(user, password=password, by=user)


def _remove(request: HttpRequest, user: User) -> list[str]:
    password, code = request.POST.get("password", ""), request.POST.get("code", "")
    with guesses.counted(request, user):
        services.remove_second_factor(user, password=password, code=code, by=user)
    return []


ACTS = {"enrol": _enrol, "renew": _renew, "remove": _remove}
