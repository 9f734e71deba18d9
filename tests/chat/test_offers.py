"""What is offered where nothing is answered, and to whom never."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.purge import purge_deleted
from kb.accounts.models import User
from kb.chat.models import Message
from kb.chat.serialize import answer_object
from kb.exceptions import SearchUnavailableError
from kb.library.models import Chunk, Collection, Document, Grant, Role
from kb.library.services import delete_document
from kb.rules.models import Kind
from tests.chat.asking import WordSearch, ask, install
from tests.factories import make_document
from tests.rules.making import rule_on

pytestmark = pytest.mark.django_db(transaction=True)

QUESTION = "Where is the helipad for holliday flights?"
TEXT = "Holiday is booked in the calendar. Flights are booked in Concur."


@pytest.fixture
def document(collection: Collection) -> Document:
    made = make_document(collection, TEXT, title="Travel guide")
    Chunk.objects.filter(document=made).update(heading_path=["Travel guide", "Booking"])
    return made


@pytest.fixture
def search(document: Document, monkeypatch: pytest.MonkeyPatch) -> WordSearch:
    """The gate finds nothing near enough."""
    fake = WordSearch(cosine=0.0)
    fake.cosines_of = {document.chunks.get().pk: 0.2}
    install(monkeypatch, fake)
    return fake


@pytest.fixture
def aviation(teammate: User) -> Collection:
    """Another collection that the teammate may read; its passage comes nearer."""
    made = Collection.objects.create(name="Aviation", slug="aviation")
    Grant.objects.create(collection=made, user=teammate, role=Role.VIEWER)
    return made


def offers(user: User, question: str = QUESTION, **fields: Any) -> dict[str, Any]:
    done = ask(user, question, **fields)[-1].data
    assert done["abstained"]
    given: dict[str, Any] = done["offers"]
    return given


def test_words_that_nothing_mentions_are_named_and_slips_corrected(
    search: WordSearch, teammate: User
) -> None:
    given = offers(teammate)
    assert given["unknown_words"] == ["helipad", "holliday"]
    [meant] = given["did_you_mean"]
    assert meant["question"] == "Where is the helipad for holiday flights?"


def test_nearest_headings_become_questions(search: WordSearch, teammate: User) -> None:
    [near] = offers(teammate)["questions"]
    assert near["question"] == "What does “Travel guide” say about “Booking”?"


def test_collection_that_comes_nearer_is_offered_to_who_may_read_it(
    search: WordSearch, collection: Collection, aviation: Collection, teammate: User
) -> None:
    far = make_document(aviation, "A helipad is on the roof.")
    search.cosines_of[far.chunks.get().pk] = 0.7
    given = offers(teammate, collection_ids=(collection.pk,))
    assert given["wider"] == [{"collection": aviation.pk, "collection_name": "Aviation"}]
    assert "helipad" not in given["unknown_words"]


def test_collection_that_comes_no_nearer_is_not_offered(
    search: WordSearch, collection: Collection, aviation: Collection, teammate: User
) -> None:
    far = make_document(aviation, "A helipad is on the roof.")
    search.cosines_of[far.chunks.get().pk] = 0.1
    assert offers(teammate, collection_ids=(collection.pk,))["wider"] == []


def test_no_hint_of_a_collection_that_may_not_be_read(
    search: WordSearch, collection: Collection, owner: User, teammate: User
) -> None:
    """Case 3: the index offers the hidden passage all the same; with and without it, the offers are equal."""
    without = offers(teammate, collection_ids=(collection.pk,))
    secret = Collection.objects.create(name="Secret plans", slug="secret")
    hidden = make_document(secret, "The helipad of project Falcon. Holliday Inc. builds it.", title="Falcon")
    search.leaks = {pk := hidden.chunks.get().pk}
    search.cosines_of[pk] = 0.99
    given = offers(teammate, collection_ids=(collection.pk,))
    assert given == without
    stored = json.dumps([list(Message.objects.values_list("offers", flat=True)), given])
    assert "Secret" not in stored and "Falcon" not in stored
    assert secret.pk not in [offer["collection"] for offer in given["wider"]]


def test_revoked_collection_is_no_longer_offered(
    search: WordSearch, collection: Collection, aviation: Collection, teammate: User
) -> None:
    """Case 7."""
    far = make_document(aviation, "A helipad is on the roof.")
    search.cosines_of[far.chunks.get().pk] = 0.7
    assert offers(teammate, collection_ids=(collection.pk,))["wider"]
    Grant.objects.filter(collection=aviation).delete()
    again = answer_object(Message.objects.get(), teammate)["offers"]
    assert again["wider"] == [] and "Aviation" not in json.dumps(again)


def test_purged_document_leaves_no_word_in_the_offers(
    search: WordSearch, document: Document, teammate: User
) -> None:
    """Case 34."""
    offers(teammate)
    delete_document(document)
    shown = answer_object(Message.objects.get(), teammate)["offers"]
    assert shown["questions"] == [] and shown["did_you_mean"] == []
    purge_deleted()
    assert Message.objects.get().offers == {}


def test_blocked_topic_gets_no_offers(search: WordSearch, teammate: User, admin: User) -> None:
    rule_on(admin, Kind.BLOCK, words=("helipad",), in_question=True)
    done = ask(teammate, QUESTION)[-1].data
    assert done["reason"] == "blocked" and done["offers"] is None


def test_abstention_stands_when_the_search_server_goes_away(
    search: WordSearch, teammate: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    searching = search.search

    def once(query: str, *given: Any) -> Any:
        if query != QUESTION:
            raise SearchUnavailableError
        return searching(query, *given)

    monkeypatch.setattr(search, "search", once)
    given = offers(teammate)
    assert given["unknown_words"] == [] and given["questions"]


def test_answered_question_carries_no_offers(search: WordSearch, teammate: User) -> None:
    search.cosine = 0.9
    done = ask(teammate, "Where are flights booked?", "Flights are booked in Concur. [1]")[-1].data
    assert not done["abstained"] and done["offers"] is None
