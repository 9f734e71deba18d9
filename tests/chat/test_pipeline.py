"""The way of a question, with a model and an index that do as they are told."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from ingest.purge import purge_deleted
from kb.accounts.models import User
from kb.chat import gate
from kb.chat.events import Event
from kb.chat.models import Citation, Conversation, Message, Outcome
from kb.chat.pipeline import answer
from kb.chat.record import Ask
from kb.chat.serialize import answer_object
from kb.exceptions import InvalidInputError, LLMUnavailableError, NotFoundError, SearchUnavailableError
from kb.library import retrieval
from kb.library.models import Chunk, Collection, Document, Grant
from kb.library.services import delete_document
from kb.secrets import pseudonym
from tests.chat.fakes import FakeGenerator
from tests.factories import make_document
from tests.fakes import FakeSearch

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = (
    "# Booking travel\n\nUse Concur for all reservations. Book flights at least 14 days before you leave. "
    "Hotels outside of Concur need a written justification."
)
QUESTION = "When must flights be booked?"
BOOKING = "What do I use for all reservations?"
Run = Callable[..., list[Event]]


@pytest.fixture
def document(collection: Collection) -> Document:
    return make_document(collection, TEXT, title="Travel guide")


@pytest.fixture
def search(document: Document, monkeypatch: pytest.MonkeyPatch) -> FakeSearch:
    """An index that offers every chunk there is to everybody."""
    fake = FakeSearch(list(Chunk.objects.values_list("pk", flat=True)))
    monkeypatch.setattr(retrieval, "search_client", lambda: fake)
    monkeypatch.setattr(gate, "search_client", lambda: fake)
    return fake


@pytest.fixture
def run(search: FakeSearch, teammate: User) -> Run:
    def call(
        generator: FakeGenerator, question: str = QUESTION, user: User = teammate, **fields: Any
    ) -> list[Event]:
        async def collect() -> list[Event]:
            return [event async for event in answer(Ask(user, question, **fields), generator)]

        return async_to_sync(collect)()

    return call


def names(events: list[Event]) -> list[str]:
    return [event.name for event in events if event.name != "delta"]


def test_proved_sentence_is_cited_with_its_exact_words(run: Run, document: Document) -> None:
    events = run(FakeGenerator("Book flights at least 14 days ", "before you leave. [1]"))
    assert names(events) == ["retrieval", "sentence", "done"]
    done = events[-1].data
    [sentence] = done["sentences"]
    assert sentence["supported"]
    [citation] = done["citations"]
    assert citation["document_id"] == document.pk
    assert TEXT[citation["start"] : citation["end"]] == citation["quote"]
    assert "14 days" in citation["quote"]
    assert Citation.objects.get().quote == citation["quote"]


@pytest.mark.parametrize(
    "draft",
    [
        "Book flights at least 21 days before you leave. [1]",
        "Book flights at least 14 weeks before you leave. [1]",
        "You must not book flights at least 14 days before you leave. [1]",
        "Expensify is used for all reservations. [1]",
    ],
)
def test_wrong_sentence_is_never_shown_as_fact(run: Run, draft: str) -> None:
    done = run(FakeGenerator(draft))[-1].data
    for sentence in done["sentences"]:
        assert not sentence["supported"] or sentence["text"] in TEXT


def test_draft_without_proof_gives_way_to_the_documents_own_words(run: Run) -> None:
    done = run(FakeGenerator("Flights are booked 90 days ahead on the moon. [1]"))[-1].data
    assert done["sentences"]
    for sentence in done["sentences"]:
        assert sentence["quoted"]
        assert sentence["supported"]
        assert sentence["text"] in TEXT


def test_marker_to_a_passage_that_was_not_shown_is_removed(run: Run) -> None:
    """Case 20."""
    done = run(FakeGenerator("Use Concur for all reservations. [7]"))[-1].data
    assert "[7]" not in done["text"]
    assert [citation["n"] for citation in done["citations"]] == [1]
    assert Message.objects.get().trace["markers_removed"] == 1


def test_model_is_told_who_asks_without_learning_who_it_is(run: Run, owner: User, teammate: User) -> None:
    generator = FakeGenerator("Use Concur. [1]")
    for user in (teammate, teammate):
        run(generator, user=user)
    first, second = generator.users

    assert first == second
    assert len(first) == 32
    assert first != pseudonym(owner.pk)
    assert teammate.username not in first


def test_nothing_found_abstains_without_the_model(run: Run, search: FakeSearch) -> None:
    """Case 20."""
    search.chunk_ids = []
    generator = FakeGenerator("Anything. [1]")
    events = run(generator)
    assert names(events) == ["retrieval", "abstained", "done"]
    assert events[-1].data["abstained"]
    assert not generator.prompts


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


def test_follow_up_is_searched_with_its_context(run: Run, search: FakeSearch) -> None:
    first = run(
        FakeGenerator("Use Concur for all reservations. [1]"), question="Can I book outside of Concur?"
    )
    conversation = first[-1].data["conversation"]
    run(FakeGenerator("x"), question="and what about hotels?", conversation_id=conversation)
    assert "Concur" in search.queries[-1]
    assert "hotels" in search.queries[-1]
    assert Conversation.objects.count() == 1


def test_somebody_elses_conversation_is_not_found_and_unchanged(run: Run, owner: User) -> None:
    """Case 4."""
    theirs = Conversation.objects.create(user=owner, title="Mine")
    with pytest.raises(NotFoundError):
        run(FakeGenerator("x"), conversation_id=theirs.pk)
    assert not theirs.messages.exists()


@pytest.mark.parametrize("question", ["", "   ", "x" * 10_000])
def test_bad_question_is_refused_before_anything_is_stored(run: Run, question: str) -> None:
    """Case 27."""
    with pytest.raises(InvalidInputError):
        run(FakeGenerator("x"), question=question)
    assert not Conversation.objects.exists()


def test_search_down_leaves_no_trace(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def down() -> None:
        raise SearchUnavailableError

    monkeypatch.setattr(retrieval, "search_client", down)
    with pytest.raises(SearchUnavailableError):
        run(FakeGenerator("x"))
    assert not Conversation.objects.exists()


def test_model_that_dies_in_mid_stream_leaves_an_incomplete_answer(run: Run) -> None:
    """Case 42."""
    broken = FakeGenerator("Use Concur for all reservations. [1] And then", failing=LLMUnavailableError())
    events = run(broken)
    assert names(events) == ["retrieval", "sentence", "error"]
    assert events[-1].data["code"] == "llm_unavailable"
    message = Message.objects.get()
    assert message.outcome == Outcome.FAILED
    assert "Concur" in message.text


def test_closing_the_stream_stops_the_model_and_keeps_the_part(search: FakeSearch, teammate: User) -> None:
    """Case 41."""
    generator = FakeGenerator("Use Concur for all reservations. [1] Next", " and", " more", " words")

    async def read_a_little() -> None:
        events = answer(Ask(teammate, QUESTION), generator)
        async for event in events:
            if event.name == "sentence":
                break
        await events.aclose()

    async_to_sync(read_a_little)()
    assert generator.closed
    message = Message.objects.get()
    assert message.outcome == Outcome.STOPPED
    assert answer_object(message, teammate)["stopped"]


def test_queue_positions_are_passed_on(run: Run) -> None:
    """Case 28."""
    events = run(FakeGenerator("Use Concur for all reservations. [1]", queued=(2, 1)))
    assert [event.data["position"] for event in events if event.name == "queued"] == [2, 1]


def test_stored_answer_equals_the_streamed_one(run: Run, teammate: User) -> None:
    events = run(FakeGenerator("Use Concur for all reservations. [1] It rains on the moon."), BOOKING)
    streamed = [event.data["html"] for event in events if event.name == "sentence"]
    stored = answer_object(Message.objects.get(), teammate)
    assert [sentence["html"] for sentence in stored["sentences"]] == streamed
    assert stored == events[-1].data


def test_follow_up_message_of_unknown_conversation_is_not_found(run: Run) -> None:
    with pytest.raises(NotFoundError):
        run(FakeGenerator("x"), conversation_id=uuid.uuid4())


def test_model_that_goes_in_circles_is_stopped_and_says_it_once(run: Run) -> None:
    generator = FakeGenerator(*["Use Concur for all reservations. [1]\n\n"] * 50)
    done = run(generator, BOOKING)[-1].data
    assert done["text"] == "Use Concur for all reservations."
    assert done["outcome"] == Outcome.ANSWERED
    assert done["model"] == "fake-model"
    assert done["usage"]["prompt_tokens"] == 100
    assert 0 < done["usage"]["completion_tokens"] < 50
    assert generator.closed


def test_model_that_stammers_is_stopped_in_mid_sentence(run: Run) -> None:
    stammer = ["-tips"] * 60
    generator = FakeGenerator("Use Concur for all reservations. [1]\n\nSee the travel", *stammer)
    done = run(generator, BOOKING)[-1].data
    assert done["text"] == "Use Concur for all reservations."
    assert generator.closed


def test_headings_are_no_answer(run: Run) -> None:
    draft = "# Booking travel\n\nBooking travel\n\nUse Concur for all reservations. [1]"
    done = run(FakeGenerator(draft), BOOKING)[-1].data
    assert done["text"] == "Use Concur for all reservations."


@pytest.mark.parametrize("draft", ["Travel guide", "Travel guide > Booking travel [1]", "Booking travel."])
def test_where_a_passage_stands_is_no_answer(run: Run, document: Document, draft: str) -> None:
    Chunk.objects.filter(document=document).update(heading_path=["Booking travel"])
    done = run(FakeGenerator(f"Book flights at least 14 days before you leave. [1]\n\n{draft}"))[-1].data
    assert [sentence["text"] for sentence in done["sentences"]] == [
        "Book flights at least 14 days before you leave."
    ]


def test_link_that_the_model_made_up_reaches_nobody(run: Run) -> None:
    draft = "Book flights at least [14 days](https://concur.example/14-days) before you leave. [1]"
    done = run(FakeGenerator(draft))[-1].data
    assert done["sentences"][0]["supported"]
    assert done["text"] == "Book flights at least 14 days before you leave."


def test_table_of_contents_is_found_but_no_answer_is_made_of_it(
    run: Run, search: FakeSearch, collection: Collection
) -> None:
    contents = make_document(collection, "- [When must flights be booked?](/faq#flights)\n", title="Contents")
    search.chunk_ids = [
        *Chunk.objects.filter(document=contents).values_list("pk", flat=True),
        *search.chunk_ids,
    ]
    passages = run(FakeGenerator("No."))[0].data["passages"]
    assert [passage["document"]["title"] for passage in passages] == ["Travel guide"]


def test_answer_beside_the_point_gives_way_to_the_sentence_that_answers(run: Run) -> None:
    done = run(FakeGenerator("Use Concur for all reservations. [1]"))[-1].data
    assert done["sentences"][0]["quoted"]
    assert done["text"].startswith("Book flights at least 14 days before you leave.")


def test_model_that_declines_is_believed(run: Run) -> None:
    events = run(FakeGenerator("The documents do not say."))
    assert names(events) == ["retrieval", "abstained", "done"]
    assert events[-1].data["reason"] == "model_declined"


def test_list_falls_with_the_words_above_it(collection: Collection, teammate: User, run: Run) -> None:
    draft = "Nobody on the moon may use:\n\n- Concur for all reservations\n- flights at least 14 days\n\n"
    done = run(FakeGenerator(draft, "Use Concur for all reservations. [1]"), BOOKING)[-1].data
    proved = [sentence["text"] for sentence in done["sentences"] if sentence["supported"]]
    assert proved == ["Use Concur for all reservations."]


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
