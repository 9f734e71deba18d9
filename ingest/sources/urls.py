"""Sources in the REST API, mounted under /api/v1/."""

from __future__ import annotations

from django.urls import path

from ingest.sources import api

urlpatterns = [
    path("collections/<int:collection_id>/sources/", api.CollectionSourcesView.as_view()),
    path("collections/<int:collection_id>/sources/preview/", api.PreviewView.as_view()),
    path("sources/<int:source_id>/", api.SourceView.as_view()),
    path("sources/<int:source_id>/run/", api.RunView.as_view()),
    path("sources/<int:source_id>/runs/", api.RunsView.as_view()),
    path("sources/<int:source_id>/preview/", api.PreviewStoredView.as_view()),
    path("sources/<int:source_id>/confirm/", api.DecideView.as_view()),
]
