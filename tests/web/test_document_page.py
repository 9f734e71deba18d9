"""The text of a document, with what is quoted from it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from kb.accounts.models import User
from kb.library import text as document_text
from kb.library.models import Chunk, Collection, Document, DocumentText, Status
from tests.factories import make_document
from tests.web.conftest import Browser

pytestmark = pytest.mark.django_db

POLICY = "# Travel\n\nBook in **Concur**.\n\nHotels cost at most 120 euros."


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def with_pages(collection: Collection, pages: list[str]) -> Document:
    document = make_document(collection, text="".join(pages))
    spans, at = [], 0
    for page in pages:
        spans.append([at, at + len(page)])
        at += len(page)
    DocumentText.objects.filter(document=document).update(text_format="plain", pages=spans)
    return document


def test_markdown_is_rendered(browser_of: Browser, collection: Collection, teammate: User) -> None:
    document = make_document(collection, text=POLICY)
    page = text_of(browser_of(teammate), f"/documents/{document.pk}/")
    assert "<strong>Concur</strong>" in page and "<mark" not in page


def test_first_heading_that_repeats_the_title_is_shown_once(
    browser_of: Browser, collection: Collection, teammate: User
) -> None:
    document = make_document(collection, text=POLICY, title="Travel")
    page = text_of(browser_of(teammate), f"/documents/{document.pk}/")
    assert page.count(">Travel</h1>") == 1


@pytest.mark.parametrize("title", ["Travel", "Another title"])
def test_quoted_span_is_marked(
    browser_of: Browser, collection: Collection, teammate: User, title: str
) -> None:
    document = make_document(collection, text=POLICY, title=title)
    start = POLICY.index("Hotels")
    page = text_of(browser_of(teammate), f"/documents/{document.pk}/?start={start}&end={start + 6}")
    assert '<mark id="quote">Hotels</mark>' in page


def test_chunk_is_marked(browser_of: Browser, collection: Collection, teammate: User) -> None:
    document = make_document(collection, text=POLICY)
    start = POLICY.index("Hotels")
    chunk = Chunk.objects.create(
        document=document, ordinal=1, start=start, end=len(POLICY), text=POLICY[start:], tokens=6
    )
    page = text_of(browser_of(teammate), f"/documents/{document.pk}/?chunk={chunk.pk}")
    assert '<mark id="quote">Hotels cost at most 120 euros.</mark>' in page


@pytest.mark.parametrize(
    "query",
    ["chunk=987654", "chunk=x", "start=5&end=2", "start=-1&end=3", "start=5", "start=99999&end=999999"],
)
def test_address_that_names_no_words_marks_nothing(
    browser_of: Browser, collection: Collection, teammate: User, query: str
) -> None:
    document = make_document(collection, text=POLICY)
    assert "<mark" not in text_of(browser_of(teammate), f"/documents/{document.pk}/?{query}")


def test_chunk_of_a_hidden_document_marks_nothing(
    browser_of: Browser, collection: Collection, teammate: User
) -> None:
    """case 5"""
    secret = make_document(Collection.objects.create(name="Secret", slug="secret"), text=POLICY)
    document = make_document(collection, text=POLICY + " Really.")
    chunk = secret.chunks.get()
    assert "<mark" not in text_of(browser_of(teammate), f"/documents/{document.pk}/?chunk={chunk.pk}")


def test_pages_have_anchors_and_plain_text_is_escaped(
    browser_of: Browser, collection: Collection, teammate: User
) -> None:
    """case 18"""
    document = with_pages(collection, ["First page.\n", "<script>alert(1)</script>\n\nTwo.\n", "Third."])
    page = text_of(browser_of(teammate), f"/documents/{document.pk}/")
    assert 'id="page-3"' in page
    assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page


def test_words_across_a_page_break_are_marked_on_both_pages_with_one_id(
    browser_of: Browser, collection: Collection, teammate: User
) -> None:
    document = with_pages(collection, ["One two", "three four"])
    page = text_of(browser_of(teammate), f"/documents/{document.pk}/?start=4&end=12")
    assert page.count("<mark") == 2 and page.count('id="quote"') == 1


def test_book_is_shown_in_parts_and_opens_at_the_quote(
    browser_of: Browser, collection: Collection, teammate: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_text, "PART_CHARS", 1000)
    text = "".join(f"## Chapter {number}\n\n{'word ' * 60}\n\n" for number in range(30))
    document = make_document(collection, text=text)
    browser = browser_of(teammate)
    first = text_of(browser, f"/documents/{document.pk}/")
    assert "Chapter 0<" in first and "Chapter 29<" not in first and "Part 1 of" in first
    start = text.index("Chapter 29")
    quoted = text_of(browser, f"/documents/{document.pk}/?start={start}&end={start + 10}")
    assert '<mark id="quote">Chapter 29</mark>' in quoted and "Chapter 0<" not in quoted


def test_parts_together_are_the_whole_text(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_text, "PART_CHARS", 200)
    text = "# Title\n\n" + "One line without an end " * 100 + "\n\n" + "a paragraph.\n\n" * 60
    document = make_document(collection, text=text)
    spans = [span for part in document_text._parts(document.parsed, 0) for span in part]
    assert "".join(text[start:end] for _, start, end in spans) == text
    assert all(end - start <= 200 for _, start, end in spans)


def test_old_version_says_so_and_leads_to_the_new_one(
    browser_of: Browser, collection: Collection, teammate: User
) -> None:
    old = make_document(collection, external_id="travel.md", superseded_at=timezone.now())
    new = make_document(collection, external_id="travel.md", version=2)
    page = text_of(browser_of(teammate), f"/documents/{old.pk}/")
    assert "This is an old version" in page and f'href="/documents/{new.pk}/">Open version 2' in page
    assert "This is an old version" not in text_of(browser_of(teammate), f"/documents/{new.pk}/")


def test_document_without_text_says_why(browser_of: Browser, collection: Collection, teammate: User) -> None:
    document = make_document(collection, status=Status.FAILED, failure_reason="The file is empty.")
    DocumentText.objects.filter(document=document).delete()
    page = text_of(browser_of(teammate), f"/documents/{document.pk}/")
    assert "There is no text to show: The file is empty." in page
    assert page.count("The file is empty.") == 1


def test_document_that_kept_its_text_says_above_it_why_it_failed(
    browser_of: Browser, collection: Collection, teammate: User
) -> None:
    document = make_document(collection, status=Status.FAILED, failure_reason="It took too long.")
    assert "It took too long." in text_of(browser_of(teammate), f"/documents/{document.pk}/")


def test_strangers_and_deleted_documents_get_the_page_of_nothing(
    browser_of: Browser, collection: Collection, stranger: User, teammate: User
) -> None:
    """cases 1 and 34"""
    hidden = make_document(collection)
    deleted = make_document(collection, status=Status.DELETED, deleted_at=timezone.now())
    missing = browser_of(stranger).get("/documents/987654/").content
    for response in (
        browser_of(stranger).get(f"/documents/{hidden.pk}/"),
        browser_of(teammate).get(f"/documents/{deleted.pk}/"),
    ):
        assert (response.status_code, response.content) == (404, missing)
