"""What is known of documents: where it comes from, who may change it, what it filters and reports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from kb.accounts.models import User
from kb.chat.attention import attention_of
from kb.chat.models import Citation, Conversation, Message, MessagePassage
from kb.library import retrieval
from kb.library.details import columns_of, details_of, edit_details, write_labels
from kb.library.filters import SearchFilters
from kb.library.models import Chunk, Collection, Document, NearDuplicate, Status
from kb.search.client import Hit, SearchReply
from tests.api.conftest import client_of  # noqa: F401
from tests.factories import browser_of, make_document

pytestmark = pytest.mark.django_db
ClientOf = Callable[..., APIClient]


@pytest.mark.parametrize(
    ("metadata", "labels", "review_by"),
    [
        ({"tags": ["HR", "hr", " travel "]}, ["HR", "hr", "travel"], None),
        ({"keywords": "hr, travel; cars"}, ["hr", "travel", "cars"], None),
        ({"Review-By": "2030-02-01"}, [], date(2030, 2, 1)),
        ({"valid_until": "1 February 2030"}, [], date(2030, 2, 1)),
        ({"labels": 7, "review_by": "soon", "author": {"name": "x"}}, [], None),
    ],
)
def test_details_are_read_from_metadata_as_files_write_it(
    metadata: dict[str, Any], labels: list[str], review_by: date | None
) -> None:
    found = details_of(metadata)
    assert (found.labels, found.review_by) == (labels, review_by)


def described(collection: Collection, **metadata: Any) -> Document:
    document = make_document(collection, metadata=metadata)
    Document.objects.filter(pk=document.pk).update(**columns_of(document))
    document.refresh_from_db()
    write_labels(document)
    return document


def test_edits_hold_over_the_file_and_clear_what_it_says(collection: Collection, owner: User) -> None:
    document = described(collection, author="Ann", date="2020-01-01", tags=["old"])
    edited = edit_details(document, {"author": "", "labels": ["new"], "date": "2024-05-01"}, owner)
    assert (edited.author, edited.labels, edited.dated) == ("", ["new"], date(2024, 5, 1))


def test_only_managers_edit(
    client_of: ClientOf,  # noqa: F811
    collection: Collection,
    owner: User,
    teammate: User,
    stranger: User,
) -> None:
    document = described(collection)
    address, body = f"/api/v1/documents/{document.pk}/", {"owner": "HR", "review_by": "2030-01-01"}
    assert client_of(stranger).patch(address, body, format="json").status_code == 404
    assert client_of(teammate).patch(address, body, format="json").status_code == 403
    manager = client_of(owner)
    changed = manager.patch(address, body, format="json").json()
    assert (changed["owner"], changed["review_by"]) == ("HR", "2030-01-01")
    assert manager.patch(address, {"review_by": None}, format="json").json()["review_by"] is None
    assert manager.patch(address, {"review_by": "soon"}, format="json").status_code == 400


class Everything:
    """A search server that finds every chunk."""

    def search(self, query: str, collections: object, limit: int, candidates: int) -> SearchReply:
        ids = Chunk.objects.order_by("pk").values_list("pk", flat=True)[:limit]
        return SearchReply(hits=tuple(Hit(pk, 1.0, 1.0, 1.0) for pk in ids), seq=0, timings_ms={})


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (SearchFilters(labels=["TRAVEL"]), {"trip"}),
        (SearchFilters(labels=["travel", "cars"]), {"trip", "car"}),
        (SearchFilters(author="ann"), {"trip"}),
        (SearchFilters(owner="Fleet"), {"car"}),
        (SearchFilters(kinds=["pdf"]), {"car"}),
        (SearchFilters(languages=["de", "fr"]), {"car"}),
        (SearchFilters(dated_from=date(2024, 1, 1)), {"car"}),
        (SearchFilters(dated_to=date(2023, 12, 31)), {"trip"}),
        (SearchFilters(reviewed_on=date(2025, 1, 1)), {"car", "plain"}),
        (SearchFilters(labels=["travel"], owner="Fleet"), set()),
    ],
)
def test_search_is_narrowed_to_what_the_filters_name(
    collection: Collection,
    owner: User,
    monkeypatch: pytest.MonkeyPatch,
    filters: SearchFilters,
    expected: set[str],
) -> None:
    trip = described(collection, labels=["Travel"], author="Ann", date="2023-05-01", review_by="2024-06-30")
    car = described(collection, labels=["cars"], owner="fleet", date="2024-05-01", review_by="2026-01-01")
    Document.objects.filter(pk=car.pk).update(kind="pdf", language="de")
    names = {trip.pk: "trip", car.pk: "car", described(collection).pk: "plain"}
    # Others that only over-fetching gets past.
    for _ in range(30):
        make_document(collection)
    monkeypatch.setattr(retrieval, "search_client", Everything)
    found = retrieval.search_chunks(owner, "x", None, 40, filters=filters).chunks
    assert {names[item.document.pk] for item in found if item.document.pk in names} == expected


def test_misspelt_filter_is_refused(client_of: ClientOf, collection: Collection, owner: User) -> None:  # noqa: F811
    body = {"query": "x", "filters": {"label": ["hr"]}}
    refused = client_of(owner).post("/api/v1/search/", body, format="json")
    assert refused.status_code == 400
    assert "label" in refused.content.decode()


def cite(document: Document, user: User) -> Message:
    conversation = Conversation.objects.create(user=user, title="Mine")
    message = Message.objects.create(conversation=conversation, question=f"What does {user} ask?")
    passage = MessagePassage.objects.create(
        message=message, n=1, document=document, chunk_id=1, start=0, end=5, text="Words"
    )
    Citation.objects.create(message=message, n=1, passage=passage, start=0, end=5, quote="Words")
    return message


def test_attention_names_what_is_due_alike_and_never_cited(collection: Collection, owner: User) -> None:
    long_ago = timezone.now() - timedelta(days=60)
    due = described(collection, review_by="2020-01-01")
    described(collection, review_by="2999-01-01")
    used, unused = make_document(collection, ready_at=long_ago), make_document(collection, ready_at=long_ago)
    cite(used, owner)
    NearDuplicate.objects.create(collection=collection, first=used, second=unused, likeness=0.9)
    found = attention_of(collection)
    assert found.due == [due]
    assert found.uncited == [unused]
    assert [(pair.first, pair.second) for pair in found.pairs] == [(used, unused)]


def test_attention_is_for_managers(
    client_of: ClientOf,  # noqa: F811
    collection: Collection,
    owner: User,
    teammate: User,
    stranger: User,
) -> None:
    described(collection, review_by="2020-01-01")
    address = f"/api/v1/collections/{collection.pk}/attention/"
    assert client_of(stranger).get(address).status_code == 404
    assert client_of(teammate).get(address).status_code == 403
    assert len(client_of(owner).get(address).json()["due_for_review"]) == 1
    page = f"/library/{collection.pk}/"
    assert "What needs a look" in browser_of(owner).get(page).content.decode()
    assert "What needs a look" not in browser_of(teammate).get(page).content.decode()


def test_queries_for_attention_do_not_grow_with_documents(collection: Collection, owner: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            browser_of(owner).get(f"/library/{collection.pk}/")
        return len(captured)

    def more() -> None:
        one, other = (described(collection, review_by="2020-01-01") for _ in range(2))
        NearDuplicate.objects.create(collection=collection, first=one, second=other, likeness=0.9)

    more()
    queries()  # finds what a process looks up once
    few = queries()
    for _ in range(5):
        more()
    assert queries() == few


def test_reader_sees_own_citing_answers_and_nobody_elses(
    collection: Collection, owner: User, teammate: User
) -> None:
    """Case 4."""
    document = make_document(collection)
    cite(document, owner)
    mine = cite(document, teammate)

    def page_of(user: User) -> str:
        return str(browser_of(user).get(f"/documents/{document.pk}/").content.decode())

    seen = page_of(teammate)
    assert "What does teammate ask?" in seen and f"/c/{mine.conversation_id}/" in seen
    assert "What does owner ask?" not in seen and "2 answers" not in seen
    assert "2 answers" in page_of(owner) and "What does teammate ask?" not in page_of(owner)


def test_passages_are_shown_with_borders_flags_and_pages(collection: Collection, owner: User) -> None:
    document = make_document(collection)
    Chunk.objects.filter(document=document).update(flags=[["instruction", 0, 6]], withheld=True)
    page = browser_of(owner).get(f"/documents/{document.pk}/?passages=1").content.decode()
    assert "Passage 1 · " in page and "Held back: speaks to a language model" in page
    assert "Passage 1 · " not in browser_of(owner).get(f"/documents/{document.pk}/").content.decode()


def test_log_is_for_editors(collection: Collection, owner: User, teammate: User) -> None:
    document = described(collection)
    edit_details(document, {"owner": "HR"}, owner)
    address = f"/documents/{document.pk}/"
    assert "Details changed by owner: owner" in browser_of(owner).get(address).content.decode()
    assert "What happened to it" not in browser_of(teammate).get(address).content.decode()
    assert document.status == Status.READY


def test_pages_read_with_low_confidence_are_shown_to_who_looks_after_them(
    collection: Collection, owner: User
) -> None:
    told = {"ocr_confidence": {"1": 0.95, "2": 0.41, "x": 3}, "ocr_lowest": 0.41}
    document = make_document(collection, title="Lease", metadata=told)
    make_document(collection, text="Other words.", title="Sure", metadata={"ocr_lowest": 0.93})
    assert [row.title for row in attention_of(collection).badly_read] == ["Lease"]
    browser = browser_of(owner)
    page = browser.get(f"/library/{collection.pk}/").content.decode()
    assert "Read with low confidence" in page and "41% sure" in page
    assert page.index("What needs a look") < page.index("<table")
    shown = browser.get(f"/documents/{document.pk}/").content.decode()
    assert "95% sure" in shown and shown.count("Low confidence") == 1
    listed = browser.get(f"/api/v1/collections/{collection.pk}/attention/").json()
    assert [row["title"] for row in listed["read_with_low_confidence"]] == ["Lease"]


@pytest.mark.parametrize(("author", "is_found"), [("ann example", True), ("Bob B", True), ("Ann", False)])
def test_each_of_several_authors_is_found(collection: Collection, author: str, is_found: bool) -> None:
    document = described(collection, author="Ann Example, Bob B, Cy")
    chunks = Chunk.objects.filter(SearchFilters(author=author).condition(), document=document)
    assert chunks.exists() == is_found
