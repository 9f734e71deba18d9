"""Addresses for probes; without a slash at the end, as probes expect them."""

from __future__ import annotations

from django.urls import path

from kb.supervise import views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
]
