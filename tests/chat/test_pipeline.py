"""The way of a question, with a model and an index that do as they are told."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync

from kb.accounts.models import User
from kb.chat.models import Calibration, Citation, Conversation, Message, Outcome
from kb.chat.pipeline import answer
from kb.chat.record import Ask
from kb.chat.serialize import answer_object
from kb.exceptions import InvalidInputError, LLMUnavailableError, SearchUnavailableError
from kb.library import retrieval
from kb.library.models import Chunk, Collection, Document
from kb.rag.gate import Gate
from tests.chat.conftest import BOOKING, QUESTION, TEXT, Run, names
from tests.chat.fakes import FakeGenerator
from tests.factories import make_document
from tests.fakes import FakeSearch

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_nothing_found_abstains_without_the_model(run: Run, search: FakeSearch) -> None:
    """Case 20."""
    search.chunk_ids = []
    generator = FakeGenerator("Anything. [1]")
    events = run(generator)
    assert names(events) == ["retrieval", "abstained", "done"]
    assert events[-1].data["abstained"]
    assert not generator.prompts


def test_follow_up_is_searched_with_its_context(run: Run, search: FakeSearch) -> None:
    first = run(
        FakeGenerator("Use Concur for all reservations. [1]"), question="Can I book outside of Concur?"
    )
    conversation = first[-1].data["conversation"]
    run(FakeGenerator("x"), question="and what about hotels?", conversation_id=conversation)
    assert "Concur" in search.queries[-1]
    assert "hotels" in search.queries[-1]
    assert Conversation.objects.count() == 1


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


@pytest.mark.parametrize(("opinion", "answered"), [((-0.1, -5.0), True), ((-5.0, -0.1), False)])
def test_opinion_of_the_model_decides_where_the_calibration_weighs_it(
    run: Run, collection: Collection, opinion: tuple[float, float], answered: bool
) -> None:
    gate = Gate((0.0, 0.0, 0.0, 0.0, 10.0), -5.0, 0.5, "fake-model")
    Calibration.objects.create(collection=collection, gate=gate.as_json())
    generator = FakeGenerator("Book flights at least 14 days before you leave. [1]")
    generator.opinion = opinion
    done = run(generator)[-1].data
    assert done["abstained"] is not answered
    assert len(generator.prompts) == answered
    [check] = generator.checked[0]
    assert f"Question: {QUESTION}" in check["content"]
    assert check["content"].endswith("Reply with Yes or No only.")
    assert Message.objects.get().trace["gate"]["opinion"] == pytest.approx(
        0.99 if answered else 0.01, abs=0.01
    )


def test_model_is_not_asked_for_an_opinion_unless_the_calibration_weighs_it(run: Run) -> None:
    generator = FakeGenerator("Book flights at least 14 days before you leave. [1]")
    run(generator)
    assert generator.prompts
    assert not generator.checked
