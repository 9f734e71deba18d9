"""The admins' page."""

from __future__ import annotations

from django.urls import path

from kb.console import views

urlpatterns = [path("", views.console, name="console")]
