"""What an answer may be made of, and who may see it: rights, deleted documents, conversations of others."""

from __future__ import annotations

import uuid

import pytest

from ingest.purge import purge_deleted
from kb.accounts.models import User
from kb.chat.models import Conversation, Message
from kb.chat.serialize import answer_object
from kb.exceptions import NotFoundError
from kb.library.models import Collection, Document, Grant
from kb.library.services import delete_document
from kb.secrets import pseudonym
from tests.chat.conftest import Run
from tests.chat.fakes import FakeGenerator
from tests.fakes import FakeSearch

pytestmark = pytest.mark.django_db(transaction=True)


def test_model_is_told_who_asks_without_learning_who_it_is(run: Run, owner: User, teammate: User) -> None:
    generator = FakeGenerator("Use Concur. [1]")
    for user in (teammate, teammate):
        run(generator, user=user)
    first, second = generator.users

    assert first == second
    assert len(first) == 32
    assert first != pseudonym(owner.pk)
    assert teammate.username not in first


def test_collection_that_may_not_be_read_reaches_nothing(
    run: Run, search: FakeSearch, document: Document, stranger: User
) -> None:
    """Case 3: the index offers the chunk all the same."""
    own = Collection.objects.create(name="Own", slug="own")
    Grant.objects.create(collection=own, user=stranger, role="viewer")
    generator = FakeGenerator("Use Concur for all reservations. [1]")
    events = run(generator, user=stranger)
    assert search.asked[-1] == [own.pk]
    assert events[-1].data["abstained"]
    assert not generator.prompts
    assert "Concur" not in str([event.data for event in events])
    with pytest.raises(NotFoundError):
        run(generator, user=stranger, collection_ids=(document.collection_id,))


def test_deleted_document_is_not_cited(run: Run, document: Document) -> None:
    """Case 34."""
    delete_document(document)
    assert run(FakeGenerator("Use Concur for all reservations. [1]"))[-1].data["abstained"]


def test_revoked_grant_withholds_the_stored_answer(run: Run, collection: Collection, teammate: User) -> None:
    """Case 7."""
    run(FakeGenerator("Use Concur for all reservations. [1]"))
    message = Message.objects.get()
    assert "Concur" in str(answer_object(message, teammate))
    Grant.objects.filter(collection=collection, user=teammate).delete()
    shown = answer_object(message, teammate)
    assert shown["withheld"]
    assert "Concur" not in str(shown)


def test_purge_takes_the_words_out_of_stored_answers(run: Run, document: Document, teammate: User) -> None:
    """Case 34."""
    run(FakeGenerator("Use Concur for all reservations. [1]"))
    delete_document(document)
    message = Message.objects.get()
    assert "Concur" not in str(answer_object(message, teammate))
    purge_deleted()
    message.refresh_from_db()
    assert "Concur" not in str(Message.objects.values().get())
    assert "Concur" not in str(list(message.passages.values())) + str(list(message.citations.values()))


def test_somebody_elses_conversation_is_not_found_and_unchanged(run: Run, owner: User) -> None:
    """Case 4."""
    theirs = Conversation.objects.create(user=owner, title="Mine")
    with pytest.raises(NotFoundError):
        run(FakeGenerator("x"), conversation_id=theirs.pk)
    assert not theirs.messages.exists()


def test_follow_up_message_of_unknown_conversation_is_not_found(run: Run) -> None:
    with pytest.raises(NotFoundError):
        run(FakeGenerator("x"), conversation_id=uuid.uuid4())


def test_conversation_keeps_its_collections_when_none_are_named(
    run: Run, search: FakeSearch, collection: Collection, teammate: User
) -> None:
    said = FakeGenerator("Use Concur for all reservations. [1]")
    first = run(said, collection_ids=(collection.pk,))
    conversation = first[-1].data["conversation"]
    run(said, question="and hotels?", conversation_id=conversation)
    assert search.asked[-1] == [collection.pk]
    Grant.objects.filter(user=teammate).delete()
    with pytest.raises(NotFoundError):
        run(said, question="and flights?", conversation_id=conversation)
