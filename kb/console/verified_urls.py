"""Pages of verified answers, below /library/."""

from __future__ import annotations

from django.urls import path

from kb.console import verified

urlpatterns = [
    path("<int:collection_id>/verified/", verified.verified_list, name="verified_list"),
    path("<int:collection_id>/verified/new/", verified.new_verified, name="new_verified"),
    path("<int:collection_id>/verified/passages/", verified.passages, name="verified_passages"),
    path("verified/<int:verified_id>/", verified.verified, name="verified"),
    path("verified/<int:verified_id>/try/", verified.try_verified, name="try_verified"),
    path("verified/<int:verified_id>/<slug:action>/", verified.change_verified, name="change_verified"),
    path("verified/near-misses/<int:near_miss_id>/", verified.judge, name="judge_near_miss"),
]
