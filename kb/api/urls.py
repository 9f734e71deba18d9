"""The REST API. Uploads are in `ingest.urls`, included beside this."""

from __future__ import annotations

from django.urls import path

from kb.api import (
    answers,
    collections,
    conversations,
    document_log,
    documents,
    flagged,
    live,
    open_questions,
    rules,
    search,
    verified,
)

urlpatterns = [
    path("collections/", collections.CollectionsView.as_view()),
    path("collections/<int:collection_id>/", collections.CollectionView.as_view()),
    path("collections/<int:collection_id>/grants/", collections.GrantsView.as_view()),
    path("collections/<int:collection_id>/grants/<int:grant_id>/", collections.GrantView.as_view()),
    path("collections/<int:collection_id>/flagged/", flagged.FlaggedView.as_view()),
    path("collections/<int:collection_id>/live/", live.LiveView.as_view(), name="collection_live"),
    path("chunks/<int:chunk_id>/", flagged.ChunkView.as_view(), name="chunk"),
    path("documents/<int:document_id>/", documents.DocumentView.as_view()),
    path("documents/<int:document_id>/log/", document_log.LogView.as_view()),
    path("documents/<int:document_id>/chunks/", documents.ChunksView.as_view()),
    path("documents/<int:document_id>/file/", documents.FileView.as_view(), name="document_file"),
    path("rules/", rules.RulesView.as_view()),
    path("rules/firings/", rules.FiringsView.as_view()),
    path("rules/changes/", rules.ChangesView.as_view()),
    path("rules/<int:rule_id>/", rules.RuleView.as_view()),
    path("rules/<int:rule_id>/try/", rules.RuleTryView.as_view()),
    path("rules/<int:rule_id>/state/", rules.RuleStateView.as_view()),
    path("rules/<int:rule_id>/move/<slug:direction>/", rules.RuleMoveView.as_view()),
    path("labels/", rules.LabelsView.as_view()),
    path("labels/<int:label_id>/", rules.LabelView.as_view()),
    path("collections/<int:collection_id>/verified-answers/", verified.CollectionVerifiedView.as_view()),
    path("verified-answers/<int:verified_id>/", verified.VerifiedView.as_view()),
    path("verified-answers/<int:verified_id>/try/", verified.VerifiedTryView.as_view()),
    path("verified-answers/<int:verified_id>/state/", verified.VerifiedStateView.as_view()),
    path("verified-answers/<int:verified_id>/near-misses/", verified.NearMissesView.as_view()),
    path("near-misses/<int:near_miss_id>/", verified.NearMissView.as_view()),
    path("messages/<uuid:message_id>/not-this/", verified.NotThisView.as_view()),
    path("messages/<uuid:message_id>/open-question/", open_questions.SendView.as_view()),
    path("collections/<int:collection_id>/open-questions/", open_questions.CollectionQuestionsView.as_view()),
    path("open-questions/<int:question_id>/", open_questions.OpenQuestionView.as_view()),
    path("open-questions/<int:question_id>/close/", open_questions.CloseView.as_view()),
    path("search/", search.SearchView.as_view()),
    path("answers/", answers.AnswersView.as_view()),
    path("conversations/", conversations.ConversationsView.as_view()),
    path("conversations/<uuid:conversation_id>/", conversations.ConversationView.as_view()),
    path("messages/<uuid:message_id>/feedback/", conversations.FeedbackView.as_view()),
]
