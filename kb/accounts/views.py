"""Signing in, and a person's own settings: password and API keys."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from kb.accounts.forms import NewKeyForm, NewPasswordForm, SignInForm
from kb.accounts.keys import api_keys_for, revoke_api_key
from kb.accounts.models import create_api_key
from kb.conf import config
from kb.pages import PageRequest, page

login = LoginView.as_view(
    template_name="accounts/login.html", authentication_form=SignInForm, redirect_authenticated_user=True
)
logout = LogoutView.as_view()


@require_safe
@page
def account(request: PageRequest) -> HttpResponse:
    """The person's settings."""
    return _settings(request)


@sensitive_post_parameters()
@require_POST
@page
def change_password(request: PageRequest) -> HttpResponse:
    """Change the person's own password; other sessions end, this one stays."""
    form = NewPasswordForm(request.user, request.POST)
    if not form.is_valid():
        return _settings(request, password_form=form, status=400)
    update_session_auth_hash(request, form.save())
    messages.success(request, "Your password is changed. Other browsers have been signed out.")
    return redirect("account")


@require_POST
@page
def create_key(request: PageRequest) -> HttpResponse:
    """Make an API key. The response is the only place where it is ever shown, so there is no redirect."""
    form = NewKeyForm(request.user, request.POST)
    if not form.is_valid():
        return _settings(request, key_form=form, status=400)
    row, key = create_api_key(
        request.user, form.cleaned_data["name"], can_write=form.can_write, lifetime=form.lifetime
    )
    response = _settings(request, new_key=key, new_key_name=row.name)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@page
def revoke_key(request: PageRequest, key_id: int) -> HttpResponse:
    """End one of the person's own keys."""
    revoke_api_key(request.user, key_id, timezone.now())
    messages.success(request, "The key is revoked and works no longer.")
    return redirect("account")


def _settings(request: PageRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    defaults = {
        "here": "account",
        "keys": api_keys_for(request.user),
        "now": timezone.now(),
        "origin": config.origin,
        "password_form": NewPasswordForm(request.user),
        "key_form": NewKeyForm(request.user),
    }
    return render(request, "accounts/account.html", {**defaults, **context}, status=status)
