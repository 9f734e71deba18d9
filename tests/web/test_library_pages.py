"""The library's pages, as each of the cast sees them."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kb.accounts.models import User
from kb.library.details import write_labels
from kb.library.models import Collection, Grant, OtherName, Role, Status
from tests.factories import browser_of, make_document
from tests.web.conftest import Browser

pytestmark = pytest.mark.django_db


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def seen_of(page: str) -> str:
    found = re.search(r"seen=([0-9a-f]+)", page)
    assert found is not None
    return found[1]


def test_library_lists_what_a_person_may_read_with_counts_and_role(
    browser_of: Browser, collection: Collection, owner: User
) -> None:
    Collection.objects.create(name="Secret", slug="secret")
    make_document(collection)
    make_document(collection, status=Status.QUEUED)
    make_document(collection, status=Status.NEEDS_OCR)
    make_document(collection, superseded_at=timezone.now())
    page = text_of(browser_of(owner), "/library/")
    for words in ("Handbook", "1 document", "1 in progress", "1 failed", "Manager"):
        assert words in page
    assert "Secret" not in page


def test_only_admins_are_offered_a_new_collection(
    browser_of: Browser, collection: Collection, owner: User, admin: User
) -> None:
    assert "New collection" in text_of(browser_of(admin), "/library/")
    assert "New collection" not in text_of(browser_of(owner), "/library/")


def test_reader_sees_documents_but_no_way_to_change_them(
    browser_of: Browser, collection: Collection, teammate: User
) -> None:
    make_document(collection, title="Travel")
    page = text_of(browser_of(teammate), f"/library/{collection.pk}/")
    assert "Travel" in page
    for control in (
        "Add documents",
        "data-delete-document",
        "Who may read this",
        "Settings of this collection",
    ):
        assert control not in page


def test_editor_may_add_but_sees_no_grants(
    browser_of: Browser, collection: Collection, teammate: User
) -> None:
    Grant.objects.filter(user=teammate).update(role=Role.EDITOR)
    page = text_of(browser_of(teammate), f"/library/{collection.pk}/")
    assert "Add documents" in page and "Who may read this" not in page
    assert browser_of(teammate).get(f"/library/{collection.pk}/grants/").status_code == 403


def test_manager_sees_every_kind_of_grant(browser_of: Browser, collection: Collection, owner: User) -> None:
    Grant.objects.create(collection=collection, group=Group.objects.create(name="Field engineers"))
    Grant.objects.create(collection=collection, everyone=True)
    page = text_of(browser_of(owner), f"/library/{collection.pk}/grants/")
    for words in ("teammate", "Field engineers", "Everyone who can sign in"):
        assert words in page


@pytest.mark.parametrize("address", ["/library/{}/", "/library/{}/documents/", "/library/{}/grants/"])
def test_strangers_get_the_same_page_for_hidden_and_missing(
    browser_of: Browser, collection: Collection, stranger: User, address: str
) -> None:
    """case 1"""
    browser = browser_of(stranger)
    hidden, missing = browser.get(address.format(collection.pk)), browser.get(address.format(987_654))
    assert (hidden.status_code, hidden.content) == (404, missing.content)


def test_failed_document_says_why_and_offers_another_try(
    browser_of: Browser, collection: Collection, owner: User
) -> None:
    document = make_document(
        collection, status=Status.FAILED, failure_reason="The PDF is protected with a password."
    )
    page = text_of(browser_of(owner), f"/library/{collection.pk}/")
    assert "Failed" in page and "The PDF is protected with a password." in page
    assert f'id="retry-{document.pk}"' in page


def test_queued_is_shown_as_queued_and_work_with_its_progress(
    browser_of: Browser, collection: Collection, owner: User
) -> None:
    make_document(collection, status=Status.QUEUED)
    make_document(collection, status=Status.EMBEDDING, progress_current=48, progress_maximum=120)
    page = text_of(browser_of(owner), f"/library/{collection.pk}/")
    assert "Queued" in page and "48 of 120" in page
    assert '<progress class="bar" max="120" value="48"' in page


def test_page_names_its_stream_and_does_not_poll_while_something_is_under_way(
    browser_of: Browser, collection: Collection, owner: User
) -> None:
    make_document(collection, status=Status.PARSING)
    page = text_of(browser_of(owner), f"/library/{collection.pk}/")
    assert f'data-live="/api/v1/collections/{collection.pk}/live/"' in page
    assert re.findall(r"every (\d+)s", page) == ["60"]


def test_filter_by_kind_counts_and_order(browser_of: Browser, collection: Collection, owner: User) -> None:
    make_document(collection, title="Small", kind="pdf", size_bytes=10)
    make_document(collection, title="Large", kind="pdf", size_bytes=10_000)
    make_document(collection, title="Sheet", kind="sheet")
    browser = browser_of(owner)
    page = text_of(browser, f"/library/{collection.pk}/?kind=pdf&sort=size")
    assert "PDF (2)" in page and "Spreadsheet (1)" in page
    assert 'data-title="Sheet"' not in page
    assert page.index('data-title="Large"') < page.index('data-title="Small"')
    assert 'data-title="Sheet"' in text_of(browser, f"/library/{collection.pk}/?kind=nonsense&sort=x")


def test_filter_by_language_is_offered_where_there_are_several(
    browser_of: Browser, collection: Collection, owner: User
) -> None:
    make_document(collection, title="Reisen", language="de")
    make_document(collection, title="Numbers", language="")
    browser = browser_of(owner)
    address = f"/library/{collection.pk}/"
    assert 'id="language"' not in text_of(browser, address)
    make_document(collection, title="Travel", language="en")
    make_document(collection, title="Cars", language="en")
    page = text_of(browser, f"{address}?language=de&sort=title")
    assert page.index("English (2)") < page.index("German (1)")
    assert 'data-title="Reisen"' in page and "Cars" not in page and "Numbers" not in page
    assert "fits all of these filters" in text_of(browser, f"{address}?language=fr")
    assert 'data-title="Numbers"' in text_of(browser, f"{address}?language=%3Cb%3E")


def test_filter_by_label_is_offered_where_there_are_labels(
    browser_of: Browser, collection: Collection, owner: User
) -> None:
    browser = browser_of(owner)
    address = f"/library/{collection.pk}/"
    make_document(collection, title="Bare")
    assert 'id="label"' not in text_of(browser, address)
    for title, labels in (("Trip", ["Travel", "cars"]), ("Car", ["Cars"])):
        write_labels(make_document(collection, title=title, labels=labels, metadata={"labels": labels}))
    page = text_of(browser, f"{address}?label=travel&sort=title")
    assert page.index("Cars (2)") < page.index("Travel (1)")
    assert 'value="Travel" selected' in page
    assert 'data-title="Trip"' in page and 'data-title="Car"' not in page and 'data-title="Bare"' not in page
    assert 'value="gone" selected' in text_of(browser, f"{address}?label=gone")


def test_cancelled_document_is_called_that_and_offers_another_try(
    browser_of: Browser, collection: Collection, owner: User
) -> None:
    document = make_document(collection, status=Status.FAILED, failure_code="cancelled")
    waiting = make_document(collection, status=Status.QUEUED)
    page = text_of(browser_of(owner), f"/library/{collection.pk}/")
    assert "Cancelled" in page
    assert f'id="retry-{document.pk}"' in page and f'id="cancel-{waiting.pk}"' in page


def test_unchanged_table_is_not_sent_again(browser_of: Browser, collection: Collection, owner: User) -> None:
    document = make_document(collection)
    browser, table = browser_of(owner), f"/library/{collection.pk}/documents/"
    seen = seen_of(text_of(browser, f"/library/{collection.pk}/"))
    assert browser.get(table, {"seen": seen}).status_code == 204
    document.status = Status.FAILED
    document.save()
    changed = browser.get(table, {"seen": seen})
    assert changed.status_code == 200 and "HX-Push-Url" not in changed


def test_filter_by_state_and_search_by_title_are_part_of_the_address(
    browser_of: Browser, collection: Collection, owner: User
) -> None:
    make_document(collection, title="Travel rules")
    make_document(collection, title="Travel scan", status=Status.FAILED)
    make_document(collection, title="Leave", external_id="people/leave.md")
    browser = browser_of(owner)
    failed = browser.get(f"/library/{collection.pk}/documents/", {"state": "failed", "q": "travel"})
    page = failed.content.decode()
    assert "Travel scan" in page and "Travel rules" not in page
    assert failed["HX-Push-Url"] == f"/library/{collection.pk}/?state=failed&q=travel"
    assert "Leave" in text_of(browser, f"/library/{collection.pk}/?q=people/")


@pytest.mark.parametrize(
    "query", ["state=nonsense", "page=0", "page=99", "page=x", "q=%00", "q=" + "x" * 5000]
)
def test_meaningless_filter_is_ignored(
    browser_of: Browser, collection: Collection, owner: User, query: str
) -> None:
    make_document(collection)
    assert browser_of(owner).get(f"/library/{collection.pk}/?{query}").status_code == 200


def test_long_lists_come_in_pages(browser_of: Browser, collection: Collection, owner: User) -> None:
    for number in range(51):
        make_document(collection, title=f"Paper {number:02}")
    browser = browser_of(owner)
    first = text_of(browser, f"/library/{collection.pk}/")
    last = text_of(browser, f"/library/{collection.pk}/?page=2")
    assert first.count("data-document=") == 50 and "Page 1 of 2" in first
    assert last.count("data-document=") == 1 and "Paper 00" in last


def test_number_of_queries_does_not_grow_with_rows(
    browser_of: Browser, collection: Collection, owner: User
) -> None:
    browser = browser_of(owner)

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            text_of(browser, address)
        return len(captured)

    make_document(collection)
    addresses = ("/library/", f"/library/{collection.pk}/")
    few = [queries(address) for address in addresses]
    for number in range(5):
        make_document(collection)
        other = Collection.objects.create(name=f"Other {number}", slug=f"other-{number}")
        Grant.objects.create(collection=other, user=owner, role=Role.EDITOR)
        group = Group.objects.create(name=f"Group {number}")
        Grant.objects.create(collection=collection, group=group)
    assert [queries(address) for address in addresses] == few


def test_row_tells_the_question_before_deleting_all_names(collection: Collection, owner: User) -> None:
    document = make_document(collection)
    OtherName.objects.create(collection=collection, external_id="copy.md", document=document)
    page = browser_of(owner).get(f"/library/{collection.pk}/").content.decode()
    assert 'data-also="copy.md"' in page
