"""The REST API. Uploads are in `ingest.urls`, included beside this."""

from __future__ import annotations

from django.urls import path

from kb.api import answers, collections, conversations, documents, flagged, search

urlpatterns = [
    path("collections/", collections.CollectionsView.as_view()),
    path("collections/<int:collection_id>/", collections.CollectionView.as_view()),
    path("collections/<int:collection_id>/grants/", collections.GrantsView.as_view()),
    path("collections/<int:collection_id>/grants/<int:grant_id>/", collections.GrantView.as_view()),
    path("collections/<int:collection_id>/flagged/", flagged.FlaggedView.as_view()),
    path("chunks/<int:chunk_id>/", flagged.ChunkView.as_view(), name="chunk"),
    path("documents/<int:document_id>/", documents.DocumentView.as_view()),
    path("documents/<int:document_id>/chunks/", documents.ChunksView.as_view()),
    path("documents/<int:document_id>/file/", documents.FileView.as_view(), name="document_file"),
    path("search/", search.SearchView.as_view()),
    path("answers/", answers.AnswersView.as_view()),
    path("conversations/", conversations.ConversationsView.as_view()),
    path("conversations/<uuid:conversation_id>/", conversations.ConversationView.as_view()),
    path("messages/<uuid:message_id>/feedback/", conversations.FeedbackView.as_view()),
]
