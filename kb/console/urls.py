"""The admins' page."""

from __future__ import annotations

from django.urls import path

from kb.console import calibrations, embedding_models, rules, views

urlpatterns = [
    path("", views.console, name="console"),
    path("calibrations/<int:calibration_id>/drop/", calibrations.drop_calibration, name="drop_calibration"),
    path("models/", embedding_models.generations, name="generations"),
    path("models/build/", embedding_models.build, name="build_generation"),
    path("models/<int:generation_id>/<slug:action>/", embedding_models.change, name="change_generation"),
    path("rules/", rules.rules, name="rules"),
    path("rules/firings/", rules.firing_log, name="firings"),
    path("rules/new/<slug:kind>/", rules.new_rule, name="new_rule"),
    path("rules/labels/", rules.new_label, name="new_label"),
    path("rules/labels/<int:label_id>/", rules.change_label, name="change_label"),
    path("rules/<int:rule_id>/", rules.rule, name="rule"),
    path("rules/<int:rule_id>/try/", rules.try_on_past, name="try_rule"),
    path("rules/<int:rule_id>/<slug:action>/", rules.change_rule, name="change_rule"),
]
