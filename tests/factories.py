"""Small makers of rows for tests."""

from __future__ import annotations

import itertools
from typing import Any

from django.test import Client
from django.utils import timezone

from kb.accounts.models import User
from kb.library.models import Chunk, Collection, Document, DocumentText, Status

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


def make_user(username: str, **fields: Any) -> User:
    return User.objects.create_user(username=username, password=PASSWORD, **fields)


def browser_of(user: User, **options: Any) -> Client:
    """A browser in which this person is signed in."""
    browser = Client(**options)
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return browser


def make_document(
    collection: Collection, text: str = "Travel is booked in Concur.", **fields: Any
) -> Document:
    """A ready document of one chunk."""
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "external_id": f"doc-{number}.md",
        "title": f"Document {number}",
        "file_name": f"doc-{number}.md",
        "stored_file": f"aa/{number}",
        "sha256": f"{number:064d}",
        "size_bytes": len(text),
        "status": Status.READY,
        "chunk_count": 1,
        "ready_at": timezone.now(),
    }
    document = Document.objects.create(collection=collection, **{**defaults, **fields})
    DocumentText.objects.create(document=document, text=text, text_format="markdown")
    Chunk.objects.create(
        document=document, ordinal=0, start=0, end=len(text), text=text, tokens=len(text.split())
    )
    return document
