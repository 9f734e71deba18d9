"""The admins' page."""

from __future__ import annotations

from django.urls import path

from kb.console import calibrations, embedding_models, views

urlpatterns = [
    path("", views.console, name="console"),
    path("calibrations/<int:calibration_id>/drop/", calibrations.drop_calibration, name="drop_calibration"),
    path("models/", embedding_models.generations, name="generations"),
    path("models/build/", embedding_models.build, name="build_generation"),
    path("models/<int:generation_id>/<slug:action>/", embedding_models.change, name="change_generation"),
]
