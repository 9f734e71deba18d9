"""Newer versions of the documents that stored answers cite."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from kb.chat.models import Message
from kb.library.models import Document, Status


def newer_versions(messages: Iterable[Message]) -> dict[int, dict[str, Any]]:
    """By id of a cited version that was replaced: the one that is searched now, if there is one."""
    cited = {c.passage.document_id: c.passage.document for m in messages for c in m.citations.all()}
    old = {pk: document for pk, document in cited.items() if document.superseded_at is not None}
    if not old:
        return {}
    present = Document.objects.filter(
        collection__in={document.collection_id for document in old.values()},
        external_id__in={document.external_id for document in old.values()},
        status=Status.READY,
        superseded_at=None,
        deleted_at=None,
    )
    named = {(document.collection_id, document.external_id): document for document in present}
    found = {pk: named.get((document.collection_id, document.external_id)) for pk, document in old.items()}
    return {pk: _object(document) for pk, document in found.items() if document is not None}


def _object(document: Document) -> dict[str, Any]:
    url = reverse("document", args=[document.pk])
    return {"document_id": document.pk, "version": document.version, "url": url}
