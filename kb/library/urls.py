"""Pages of collections and documents."""

from __future__ import annotations

from django.urls import path

from kb.library import views

urlpatterns = [
    path("library/", views.library, name="library"),
    path("library/<int:collection_id>/", views.collection, name="collection"),
    path("library/<int:collection_id>/documents/", views.document_table, name="document_table"),
    path("library/<int:collection_id>/grants/", views.grants, name="grants"),
    path("documents/<int:document_id>/", views.document, name="document"),
]
