"""Signing in and out, the own profile, and the language of the pages."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from readerstudy.accounts import guesses, services
from readerstudy.accounts.language import in_language, in_language_of
from readerstudy.accounts.models import User
from readerstudy.web.problems import Problem


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page; leads on to where the visitor wanted to go, on this site only."""
    if request.user.is_authenticated:
        return redirect(target_of(request))
    context = {"next": _wanted(request), "username": request.POST.get("username", "")}
    if request.method == "POST":
        try:
            user = services.begin_sign_in(
                request, username=context["username"], password=request.POST.get("password", "")
            )
        except Problem as problem:
            context["problem"] = problem.detail
            return render(request, "accounts/sign_in.html", context, status=problem.status)
        if user is None:
            return _to_second_step(request)
        return in_language_of(redirect(target_of(request)), user)
    return render(request, "accounts/sign_in.html", context)


def _to_second_step(request: HttpRequest) -> HttpResponse:
    user = services.pending_user(request)
    has_one = user is not None and services.has_second_factor(user)
    address = resolve_url("accounts:code" if has_one else "accounts:enrol")
    return redirect(f"{address}?{urlencode({'next': _wanted(request)})}")


def _wanted(request: HttpRequest) -> str:
    return request.POST.get("next", request.GET.get("next", ""))


def target_of(request: HttpRequest) -> str:
    """Where a visitor who signs in goes on to."""
    wanted = _wanted(request)
    return wanted if _is_ours(request, wanted) else resolve_url(settings.LOGIN_REDIRECT_URL)


def _is_ours(request: HttpRequest, address: str) -> bool:
    return url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session; the browser forgets what it holds of it (fault F9)."""
    services.sign_out(request)
    response = redirect("accounts:sign-in")
    response["Clear-Site-Data"] = '"cache"'
    return response


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Change the language of the pages: of this browser, and of the user on any other."""
    wanted = request.POST.get("language", "")
    if isinstance(request.user, User):
        services.set_language(request.user, language=wanted, by=request.user)
    response = redirect(target_of(request))
    return in_language(response, wanted) if wanted in dict(settings.LANGUAGES) else response


@sensitive_post_parameters("old", "new")
@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """The own name, theme and password."""
    user = cast("User", request.user)
    typed = {name: getattr(user, name) for name in ("display_name", "email", "theme")}
    if request.method == "POST":
        typed |= {name: request.POST[name] for name in typed if name in request.POST}
    has_one = services.has_second_factor(user)
    context: dict[str, object] = {"has_second_factor": has_one, "typed": typed}
    if request.method == "POST":
        try:
            _change(request, user)
        except Problem as problem:
            context["problem"] = problem.detail
            return render(request, "accounts/profile.html", context, status=problem.status)
        messages.success(request, gettext("Saved."))
        return redirect("accounts:profile")
    return render(request, "accounts/profile.html", context)


def _change(request: HttpRequest, user: User) -> None:
    if "new" in request.POST:
        old = request.POST.get("old", "")
        with guesses.counted(request, user):
            services.change_password(user, old=old, new=request.POST["new"], by=user)
        update_session_auth_hash(request, user)
    else:
        services.set_profile(
            user,
            display_name=request.POST.get("display_name", ""),
            theme=request.POST.get("theme", ""),
            email=request.POST.get("email"),
            by=user,
        )
