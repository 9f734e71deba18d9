"""The ask page and conversations, as each of the cast sees them."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kb.accounts.models import User
from kb.chat.models import Conversation, Message, Outcome
from kb.library.models import Collection, Grant, Status
from tests.factories import make_document, make_user
from tests.web.answers import QUOTE, make_answer, make_conversation, make_message
from tests.web.conftest import Browser

pytestmark = pytest.mark.django_db


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def test_anonymous_is_sent_to_sign_in_and_back(client: Client) -> None:
    response = client.get("/")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/"


def test_part_of_a_page_takes_the_whole_page_to_sign_in(client: Client) -> None:
    """A table that looks again after the session ended must not show the sign-in form inside itself."""
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/library/1/?state=failed"}
    response = client.get("/library/1/documents/", headers=headers)
    assert response["HX-Redirect"] == "/accounts/login/?next=/library/1/%3Fstate%3Dfailed"


def test_page_offers_only_readable_collections(
    browser_of: Browser, collection: Collection, teammate: User
) -> None:
    """case 3"""
    make_document(collection)
    secret = Collection.objects.create(name="Secret plans", slug="secret")
    make_document(secret, title="Merger")
    page = text_of(browser_of(teammate), "/")
    assert "Handbook" in page
    assert "Secret plans" not in page and "Merger" not in page


def test_stranger_learns_whom_to_ask_and_nothing_else(
    browser_of: Browser, collection: Collection, stranger: User
) -> None:
    page = text_of(browser_of(stranger), "/")
    assert "There is nothing to ask yet" in page and "Ask one of your admins" in page
    assert "Handbook" not in page and "Create a collection" not in page


def test_admin_without_collections_learns_what_to_do(browser_of: Browser, admin: User) -> None:
    assert "Create a collection" in text_of(browser_of(admin), "/")


def test_collection_without_ready_documents_cannot_be_asked(
    browser_of: Browser, collection: Collection, teammate: User
) -> None:
    make_document(collection, status=Status.QUEUED)
    page = text_of(browser_of(teammate), "/")
    assert "hold no documents that are ready" in page


def test_known_question_is_offered_only_to_who_may_read_its_document(
    browser_of: Browser, collection: Collection, teammate: User, stranger: User
) -> None:
    make_document(collection, external_id="people/leave-policy.md", title="Leave policy")
    question = "By which date do I have to ask for leave in July?"
    assert question in text_of(browser_of(teammate), "/")
    assert question not in text_of(browser_of(stranger), "/")


def test_other_documents_give_beginnings_of_questions(
    browser_of: Browser, collection: Collection, teammate: User
) -> None:
    make_document(collection, title="Mooring rules")
    assert "What does “Mooring rules” say about" in text_of(browser_of(teammate), "/")


def test_answer_shows_sentences_sources_and_what_is_not_proved(
    browser_of: Browser, collection: Collection, teammate: User
) -> None:
    document = make_document(collection, text=QUOTE, title="Travel")
    conversation = make_conversation(teammate)
    make_answer(conversation, document)
    page = text_of(browser_of(teammate), f"/c/{conversation.pk}/")
    assert '<p><span class="sentence supported">Book travel in Concur.<a class="cite"' in page
    assert '<span class="sentence unsupported"' in page and "were not found in the sources" in page
    assert f"<mark>{QUOTE}</mark>" in page
    assert f"/documents/{document.pk}/?chunk=" in page


def test_abstention_names_the_nearest_passages(
    browser_of: Browser, collection: Collection, teammate: User
) -> None:
    conversation = make_conversation(teammate)
    message = make_answer(
        conversation, make_document(collection, text=QUOTE), outcome=Outcome.ABSTAINED, sentences=[]
    )
    message.citations.all().delete()
    page = text_of(browser_of(teammate), f"/c/{conversation.pk}/")
    assert "The documents don’t say." in page and "Nearest passages" in page
    assert "<mark>Travel</mark> is <mark>booked</mark> in Concur." in page and "uploaded" in page


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome.STOPPED, "Stopped. What you see is what had been written."),
        (Outcome.FAILED, "This answer broke off before it was complete."),
        (Outcome.RUNNING, "This answer is still being written"),
    ],
)
def test_unfinished_answer_says_how_it_ended(
    browser_of: Browser, teammate: User, outcome: Outcome, words: str
) -> None:
    conversation = make_conversation(teammate)
    make_message(conversation, outcome=outcome)
    assert words in text_of(browser_of(teammate), f"/c/{conversation.pk}/")


def test_answer_whose_process_died_long_ago_counts_as_broken_off(browser_of: Browser, teammate: User) -> None:
    conversation = make_conversation(teammate)
    message = make_message(conversation, outcome=Outcome.RUNNING)
    Message.objects.filter(pk=message.pk).update(created_at=timezone.now() - timedelta(hours=1))
    assert "broke off" in text_of(browser_of(teammate), f"/c/{conversation.pk}/")


def test_revoked_grant_takes_the_stored_answer_away(
    browser_of: Browser, collection: Collection, teammate: User
) -> None:
    """case 7"""
    conversation = make_conversation(teammate)
    message = make_answer(conversation, make_document(collection, text=QUOTE, title="Travel"))
    Grant.objects.filter(user=teammate).delete()
    browser = browser_of(teammate)
    for address in (f"/c/{conversation.pk}/", f"/c/{conversation.pk}/messages/{message.pk}/"):
        page = text_of(browser, address)
        assert "Where is travel booked?" in page and "may no longer open" in page
        assert "Concur" not in page and "Travel</a>" not in page


def test_others_conversations_do_not_exist(
    browser_of: Browser, collection: Collection, owner: User, teammate: User, admin: User
) -> None:
    """case 4: not even for admins."""
    conversation = make_conversation(owner, "Private matters")
    message = make_message(conversation)
    for other in (teammate, admin):
        browser = browser_of(other)
        assert browser.get(f"/c/{conversation.pk}/").status_code == 404
        assert browser.get(f"/c/{conversation.pk}/messages/{message.pk}/").status_code == 404
        assert "Private matters" not in text_of(browser, f"/conversations/?open={conversation.pk}")


def test_message_of_another_own_conversation_does_not_exist_there(
    browser_of: Browser, teammate: User
) -> None:
    """case 5"""
    message = make_message(make_conversation(teammate))
    other = make_conversation(teammate)
    assert browser_of(teammate).get(f"/c/{other.pk}/messages/{message.pk}/").status_code == 404


def test_hidden_and_missing_conversation_give_the_same_page(
    browser_of: Browser, owner: User, teammate: User
) -> None:
    """case 1"""
    browser = browser_of(teammate)
    hidden = browser.get(f"/c/{make_conversation(owner).pk}/")
    missing = browser.get(f"/c/{uuid.uuid4()}/")
    assert (hidden.status_code, hidden.content) == (404, missing.content)


def test_list_groups_conversations_by_day(browser_of: Browser, teammate: User) -> None:
    old = make_conversation(teammate, "Old one")
    make_conversation(teammate, "New one")
    Conversation.objects.filter(pk=old.pk).update(updated_at=timezone.now() - timedelta(days=3))
    page = text_of(browser_of(teammate), "/conversations/")
    order = [page.index(words) for words in ("Today", "New one", "Previous 7 days", "Old one")]
    assert order == sorted(order)


def test_list_shows_fifty_and_offers_the_rest(browser_of: Browser, teammate: User) -> None:
    Conversation.objects.bulk_create(Conversation(user=teammate, title=f"Talk {n}") for n in range(51))
    browser = browser_of(teammate)
    first, all_of_them = text_of(browser, "/conversations/"), text_of(browser, "/conversations/?limit=100")
    assert first.count("<li ") == 50 and "Show older" in first
    assert all_of_them.count("<li ") == 51 and "Show older" not in all_of_them


@pytest.mark.parametrize("limit", ["-1", "abc", "9" * 5000, "²"])
def test_wrong_limit_of_the_list_is_ignored(browser_of: Browser, teammate: User, limit: str) -> None:
    assert browser_of(teammate).get("/conversations/", {"limit": limit}).status_code == 200


def test_hostile_words_are_inert_everywhere(
    browser_of: Browser, collection: Collection, teammate: User
) -> None:
    """case 18"""
    payload = "</title><script>alert(1)</script>"
    collection.name = payload[:100]
    collection.save()
    document = make_document(collection, text=payload, title=payload, external_id=payload)
    conversation = make_conversation(teammate, payload)
    make_answer(conversation, document, question=payload, standalone_question=payload + "?", model=payload)
    browser = browser_of(teammate)
    for address in (
        "/", f"/c/{conversation.pk}/", "/library/", f"/library/{collection.pk}/",
        f"/library/{collection.pk}/?q={payload}", f"/documents/{document.pk}/",
    ):  # fmt: skip
        assert "<script>alert" not in text_of(browser, address), address


def test_number_of_queries_does_not_grow_with_the_thread(
    browser_of: Browser, collection: Collection, teammate: User
) -> None:
    conversation = make_conversation(teammate)
    browser = browser_of(teammate)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            text_of(browser, f"/c/{conversation.pk}/")
        return len(captured)

    make_answer(conversation, make_document(collection, text=QUOTE))
    queries()  # what a process looks up once
    few = queries()
    for number in range(4):
        make_answer(conversation, make_document(collection, text=f"{QUOTE} {number}"))
        make_conversation(teammate)
        Grant.objects.create(collection=collection, user=make_user(f"colleague-{number}"))
    assert queries() == few
