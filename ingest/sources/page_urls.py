"""Pages of sources, below /library/."""

from __future__ import annotations

from django.urls import path

from ingest.sources import pages

urlpatterns = [
    path("<int:collection_id>/sources/", pages.sources, name="sources"),
    path("<int:collection_id>/sources/new/<slug:protocol>/", pages.new_source, name="new_source"),
    path("sources/<int:source_id>/", pages.source, name="source"),
    path("sources/<int:source_id>/edit/", pages.edit_source, name="edit_source"),
    path("sources/<int:source_id>/test/", pages.test_source, name="test_source"),
    path("sources/<int:source_id>/<slug:decision>/", pages.decide_source, name="decide_source"),
]
