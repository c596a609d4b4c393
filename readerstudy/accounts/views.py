"""Signing in and out, and the own profile."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from readerstudy.accounts import services
from readerstudy.accounts.models import User
from readerstudy.web.problems import Problem


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page; leads on to where the visitor wanted to go, on this site only."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    target = wanted if _is_ours(request, wanted) else resolve_url(settings.LOGIN_REDIRECT_URL)
    if request.user.is_authenticated:
        return redirect(target)
    context = {"next": wanted, "username": request.POST.get("username", "")}
    if request.method == "POST":
        try:
            services.sign_in(
                request, username=context["username"], password=request.POST.get("password", "")
            )
        except Problem as problem:
            context["problem"] = problem.detail
            return render(request, "accounts/sign_in.html", context, status=problem.status)
        return redirect(target)
    return render(request, "accounts/sign_in.html", context)


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


@sensitive_post_parameters("old", "new")
@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """The own name, theme and password."""
    user = cast("User", request.user)
    context: dict[str, str] = {}
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
        services.change_password(
            user, old=request.POST.get("old", ""), new=request.POST["new"], by=user
        )
        update_session_auth_hash(request, user)
    else:
        services.set_profile(
            user,
            display_name=request.POST.get("display_name", ""),
            theme=request.POST.get("theme", ""),
            email=request.POST.get("email"),
            by=user,
        )
