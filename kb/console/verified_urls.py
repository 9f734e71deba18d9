"""Pages of verified answers and of open questions, below /library/."""

from __future__ import annotations

from django.urls import path

from kb.console import open_questions, verified

urlpatterns = [
    path("<int:collection_id>/questions/", open_questions.open_questions, name="open_questions"),
    path("questions/<int:question_id>/close/", open_questions.close, name="close_open_question"),
    path("<int:collection_id>/verified/", verified.verified_list, name="verified_list"),
    path("<int:collection_id>/verified/new/", verified.new_verified, name="new_verified"),
    path("<int:collection_id>/verified/passages/", verified.passages, name="verified_passages"),
    path("verified/<int:verified_id>/", verified.verified, name="verified"),
    path("verified/<int:verified_id>/try/", verified.try_verified, name="try_verified"),
    path("verified/<int:verified_id>/<slug:action>/", verified.change_verified, name="change_verified"),
    path("verified/near-misses/<int:near_miss_id>/", verified.judge, name="judge_near_miss"),
]
