"""A redaction in all places holds wherever a reader looks, and not for those who mend the documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from kb.accounts.models import User
from kb.api.search import search_body
from kb.chat import open_questions
from kb.chat.models import Conversation, Message, Outcome
from kb.library.details import write_labels
from kb.library.models import Collection, Document
from kb.rules.active import bump
from kb.rules.models import Kind, Rule
from kb.rules.personal import KINDS
from kb.rules.redaction import REMOVED
from tests.api.test_walk import CONVERTER, routes
from tests.chat.fakes import FakeGenerator
from tests.factories import browser_of, make_document
from tests.rules.conftest import Run
from tests.rules.encoders import WordEncoder
from tests.rules.making import rule_on
from tests.web.answers import make_conversation, make_message

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "anna.berg@example.org"
SECRET = "anna.berg"


@pytest.fixture
def document(collection: Collection, settings: Any) -> Document:
    """Its names, its text and what its file says of itself all hold an address."""
    made = make_document(
        collection,
        f"# Returns of {ADDRESS}\n\nCustomers send a product to {ADDRESS} within 14 days.",
        title=f"Returns of {ADDRESS}",
        external_id=f"mail/{ADDRESS}.md",
        file_name=f"{ADDRESS}.md",
        author=ADDRESS,
        labels=[ADDRESS],
        metadata={"author": ADDRESS, "labels": [ADDRESS], "page_images": True, "mail": {"to": [ADDRESS]}},
    )
    write_labels(made)
    made.other_names.create(collection=collection, external_id=f"copies/{ADDRESS}.md")
    made.chunks.update(heading_path=[f"Returns of {ADDRESS}"], flags=[["instruction", 0, 30]])
    path = settings.MEDIA_ROOT / made.stored_file
    path.parent.mkdir(parents=True)
    path.write_text(f"Write to {ADDRESS}.")
    return made


@pytest.fixture
def redaction(admin: User, document: Document) -> Rule:
    return rule_on(admin, Kind.REDACTION, personal=list(KINDS), in_sources=True, in_answer=True)


def looked_at(person: User, document: Document) -> Iterator[tuple[str, bytes]]:
    """Every address that takes nothing but ids of this document, with what this person gets there."""
    browser = browser_of(person)
    given = {
        "collection_id": document.collection_id,
        "document_id": document.pk,
        "chunk_id": document.chunks.get().pk,
        "number": 1,
    }
    for route in routes():
        names = CONVERTER.findall(route)
        if names and set(names) <= given.keys() and "events" not in route and "live" not in route:
            address = "/" + CONVERTER.sub(lambda match: str(given[match[1]]), route)
            for query in ("", "?passages=1"):
                yield address, _body(browser, address + query)
    for address in ("/", "/library/", "/api/v1/conversations/"):
        yield address, _body(browser, address)


def _body(browser: Client, address: str) -> bytes:
    response = browser.get(address)
    if response.streaming:
        return b"".join(response) + str(response.headers).encode()
    return response.content


def test_reader_sees_the_address_at_no_address_of_the_site(
    redaction: Rule, document: Document, teammate: User, search: WordEncoder
) -> None:
    seen = dict(looked_at(teammate, document))
    assert {f"/documents/{document.pk}/", f"/api/v1/documents/{document.pk}/file/"} <= seen.keys()
    assert [address for address, body in seen.items() if SECRET.encode() in body] == []
    assert "███".encode() in seen[f"/api/v1/documents/{document.pk}/"].replace(b"\\u2588", "█".encode())


def test_manager_of_the_collection_sees_what_is_to_be_mended(
    redaction: Rule, document: Document, owner: User, search: WordEncoder
) -> None:
    seen = dict(looked_at(owner, document))
    for address in ("", "chunks/", "file/"):
        assert SECRET.encode() in seen[f"/api/v1/documents/{document.pk}/{address}"]
    assert SECRET in str(search_body(owner, "returns", None, 5))


def test_search_finds_the_passage_without_the_address(
    redaction: Rule, document: Document, teammate: User, search: WordEncoder
) -> None:
    [hit] = search_body(teammate, "returns", None, 5)["hits"]
    assert SECRET not in str(hit)
    assert len(hit["text"]) == len(document.chunks.get().text), "spans keep their places"
    assert hit["document"]["title"] == "Returns of ███"


def test_question_is_written_down_without_the_address(redaction: Rule, run: Run, teammate: User) -> None:
    generator = FakeGenerator("Customers send a product within 14 days. [1]")
    events = run(question=f"May {ADDRESS} send a product back?", generator=generator)
    assert SECRET not in str([event.data for event in events]) + str(generator.prompts)
    assert SECRET not in str(list(Message.objects.values()) + list(Conversation.objects.values()))
    assert Message.objects.get().question == "May ███ send a product back?"
    listed = browser_of(teammate).get("/api/v1/conversations/").json()["results"]
    assert listed[0]["title"] == "May ███ send a product back?"
    follow_up = run("x", question="and how long?", earlier=(f"What may {ADDRESS} do?",))
    assert SECRET not in str(follow_up[-1].data)


def test_renamed_conversation_is_redacted_too(redaction: Rule, teammate: User) -> None:
    conversation = Conversation.objects.create(user=teammate, title="Mine")
    browser = browser_of(teammate)
    browser.patch(
        f"/api/v1/conversations/{conversation.pk}/",
        {"title": f"Of {ADDRESS}"},
        content_type="application/json",
    )
    conversation.refresh_from_db()
    assert conversation.title == "Of ███"


def test_notes_replies_and_comments_are_written_down_without_the_address(
    redaction: Rule, collection: Collection, teammate: User, owner: User
) -> None:
    message = make_message(
        make_conversation(teammate), question="Where?", outcome=Outcome.ABSTAINED, reason="not_relevant"
    )
    sent = open_questions.send_question(teammate, message, collection, f"Write to {ADDRESS}.")
    open_questions.close_question(owner, sent, f"Ask {ADDRESS}.")
    told = browser_of(teammate).post(
        f"/api/v1/messages/{message.pk}/feedback/",
        {"helpful": False, "comment": f"Tell {ADDRESS}."},
        content_type="application/json",
    )
    message.refresh_from_db()

    assert (sent.note, sent.reply) == (f"Write to {REMOVED}.", f"Ask {REMOVED}.")
    assert message.feedback.comment == told.json()["comment"] == f"Tell {REMOVED}."


def test_topic_that_is_blocked_by_what_is_redacted_stays_blocked(
    redaction: Rule, run: Run, admin: User
) -> None:
    rule_on(admin, Kind.BLOCK, patterns=[r"@example\.org"])
    done = run("x", question=f"What of {ADDRESS}?")[-1].data
    assert done["reason"] == "blocked" and SECRET not in str(done)


def test_rule_on_passages_alone_leaves_questions_as_they_are(
    admin: User, document: Document, run: Run, teammate: User
) -> None:
    rule_on(admin, Kind.REDACTION, personal=["email"], in_question=False, in_sources=True)
    run("x", question=f"May {ADDRESS} send a product back?")
    assert SECRET in Message.objects.get().question
    assert SECRET not in str(search_body(teammate, "returns", None, 5))


def test_original_is_offered_where_nothing_of_it_is_blacked_out(
    redaction: Rule, collection: Collection, teammate: User
) -> None:
    plain = make_document(collection)
    page = browser_of(teammate).get(f"/documents/{plain.pk}/")
    assert f"/api/v1/documents/{plain.pk}/file/" in page.content.decode()


def test_redaction_that_cannot_be_evaluated_shows_readers_nothing(
    redaction: Rule, document: Document, teammate: User, search: WordEncoder
) -> None:
    Rule.objects.filter(pk=redaction.pk).update(personal=["shoe size"])
    bump()
    [hit] = search_body(teammate, "returns", None, 5)["hits"]
    assert set(hit["text"]) == {"█"} and hit["document"]["title"] == "███"
    assert SECRET not in str(dict(looked_at(teammate, document)))


def test_sentence_of_which_only_marks_are_left_is_counted_as_left_out(redaction: Rule, run: Run) -> None:
    said = f"Customers send a product within 14 days. [1] The account is {ADDRESS} or b@example.org. [1]"
    done = run(said, question="What is the account of customers?")[-1].data
    assert "account" not in done["text"]
    assert done["unproved_left_out"] == 1
