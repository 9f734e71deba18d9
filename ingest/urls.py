"""The writing side of the REST API, mounted under /api/v1/."""

from __future__ import annotations

from django.urls import path

from ingest.api import DocumentsView, RetryView
from ingest.bulk_api import BulkView, CancelView
from ingest.page_api import PageImageView

urlpatterns = [
    path("collections/<int:collection_id>/documents/", DocumentsView.as_view(), name="collection_documents"),
    path("collections/<int:collection_id>/documents/bulk/", BulkView.as_view()),
    path("documents/<int:document_id>/cancel/", CancelView.as_view()),
    path("documents/<int:document_id>/retry/", RetryView.as_view()),
    path("documents/<int:document_id>/pages/<int:number>.png", PageImageView.as_view(), name="page_image"),
]
