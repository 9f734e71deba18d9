"""Pages of signing in and of a person's own settings."""

from __future__ import annotations

from django.urls import path

from kb.accounts import views

urlpatterns = [
    path("login/", views.login, name="login"),
    path("logout/", views.logout, name="logout"),
    path("settings/", views.account, name="account"),
    path("settings/password/", views.change_password, name="change_password"),
    path("settings/keys/", views.create_key, name="create_key"),
    path("settings/keys/<int:key_id>/revoke/", views.revoke_key, name="revoke_key"),
]
