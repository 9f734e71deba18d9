"""Sources that disagree: told with the answer, and the newer one preferred."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.purge import purge_deleted
from kb.accounts.models import User
from kb.api import openai
from kb.chat.models import Message
from kb.chat.serialize import answer_object
from kb.library.models import Collection, Document
from kb.library.services import delete_document
from tests.chat.asking import WordSearch, ask, install
from tests.factories import browser_of, make_document

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "Flights must be booked at least {} days before departure."
QUESTION = "How many days before departure must flights be booked?"


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> WordSearch:
    fake = WordSearch()
    install(monkeypatch, fake)
    return fake


def make(collection: Collection, days: int, dated: str = "") -> Document:
    metadata = {"date": dated} if dated else {}
    return make_document(collection, TEXT.format(days), title=f"Travel guide {dated[:4]}", metadata=metadata)


@pytest.fixture
def older(collection: Collection, search: WordSearch) -> Document:
    """It is found first."""
    made = make(collection, 14, "2019-05-01")
    search.cosines_of[made.chunks.get().pk] = 0.9
    return made


@pytest.fixture
def newer(collection: Collection, older: Document) -> Document:
    return make(collection, 21, "2025-05-01")


def done(user: User, said: str) -> dict[str, Any]:
    answer: dict[str, Any] = ask(user, QUESTION, said)[-1].data
    return answer


def test_both_sides_are_told_with_their_dates(older: Document, newer: Document, teammate: User) -> None:
    events = ask(teammate, QUESTION, "Flights must be booked at least 21 days before departure. [1]")
    [told] = events[-1].data["disagreements"]
    sides = {side["document"]["id"]: side for side in told["sides"]}
    assert sides[older.pk]["value"] == "14 days" and sides[older.pk]["dated"] == "2019-05-01"
    assert sides[newer.pk]["value"] == "21 days" and sides[newer.pk]["dated_by"] == "document"
    assert told["sides"][told["newer"]]["document"]["id"] == newer.pk
    assert events[0].data["disagreements"] == events[-1].data["disagreements"]


def test_newer_document_comes_first(older: Document, newer: Document, teammate: User) -> None:
    answer = done(teammate, "Flights must be booked at least 21 days before departure. [1]")
    assert [passage["document"]["id"] for passage in answer["passages"]] == [newer.pk, older.pk]
    assert [citation["document_id"] for citation in answer["citations"]] == [newer.pk]


def test_sentence_that_only_the_older_proves_gives_way_to_the_newer(
    older: Document, newer: Document, teammate: User
) -> None:
    answer = done(teammate, "Flights must be booked at least 14 days before departure. [2]")
    [sentence] = answer["sentences"]
    assert sentence["text"] == TEXT.format(21) and sentence["newer"]
    assert [citation["document_id"] for citation in answer["citations"]] == [newer.pk]


def test_what_was_written_before_the_newer_words_stays(
    older: Document, newer: Document, teammate: User
) -> None:
    """In the stream a quoted sentence takes the place of unproved ones before it."""
    said = "Penguins live on the moon. Flights must be booked at least 14 days before departure. [2]"
    events = ask(teammate, QUESTION, said)
    streamed = [event.data for event in events if event.name == "sentence"]
    assert [sentence["text"] for sentence in streamed] == ["Penguins live on the moon.", TEXT.format(21)]
    assert [sentence["quoted"] for sentence in streamed] == [False, False]
    assert [sentence["text"] for sentence in events[-1].data["sentences"]] == [
        sentence["text"] for sentence in streamed
    ]


def test_sentence_that_both_prove_cites_the_newer(
    collection: Collection, search: WordSearch, teammate: User
) -> None:
    text = "Flights must be booked before departure; the portal opens {} days earlier."
    documents = [
        make_document(collection, text.format(days), title=f"Travel guide {year}", metadata={"date": year})
        for days, year in ((14, "2019-05-01"), (21, "2025-05-01"))
    ]
    search.cosines_of[documents[0].chunks.get().pk] = 0.9

    answer = done(teammate, "Flights must be booked before departure. [2]")

    assert [citation["document_id"] for citation in answer["citations"]] == [documents[1].pk]
    assert answer["sentences"][0]["text"] == "Flights must be booked before departure."


def test_passages_own_words_are_the_newer_ones(older: Document, newer: Document, teammate: User) -> None:
    answer = done(teammate, "Penguins live on the moon. [1]")
    assert TEXT.format(21) in answer["text"] and "14" not in answer["text"]


def test_of_equally_old_documents_none_is_preferred(
    older: Document, collection: Collection, search: WordSearch, teammate: User
) -> None:
    make(collection, 21, "2019-05-01")
    answer = done(teammate, "Flights must be booked at least 14 days before departure. [1]")
    [told] = answer["disagreements"]
    assert told["newer"] is None
    assert answer["citations"][0]["document_id"] == older.pk


def test_agreeing_documents_are_not_told(older: Document, collection: Collection, teammate: User) -> None:
    make(collection, 14, "2025-05-01")
    assert (
        done(teammate, "Flights must be booked at least 14 days before departure. [1]")["disagreements"] == []
    )


def test_page_and_programs_are_told_alike(older: Document, newer: Document, teammate: User) -> None:
    done(teammate, "Flights must be booked at least 21 days before departure. [1]")
    message = Message.objects.get()
    page = browser_of(teammate).get(f"/c/{message.conversation_id}/").content.decode()
    assert "Sources disagree" in page and "dated 1 May 2025" in page and "The newer one is preferred" in page
    said = (
        "Sources disagree: “Travel guide 2025” (dated 1 May 2025) says 21 days; “Travel guide 2019” (dated "
    )
    assert said in openai._disagreements(answer_object(message, teammate))


def test_deleted_side_takes_the_disagreement_along(older: Document, newer: Document, teammate: User) -> None:
    """Case 34."""
    done(teammate, "Flights must be booked at least 21 days before departure. [1]")
    delete_document(older)
    assert answer_object(Message.objects.get(), teammate)["disagreements"] == []
    purge_deleted()
    assert "14 days" not in str(Message.objects.get().disagreements)


EXITS = "How many fire exits has building {}?"


def buildings(collection: Collection, search: WordSearch) -> list[Document]:
    """The one that is dated later is found first."""
    made: list[Document] = []
    for number, exits, day in ((4, 7, "2025-01-01"), (3, 5, "2022-01-01")):
        text = f"The building has {exits} fire exits."
        document = make_document(collection, text, title=f"Building {number}", metadata={"date": day})
        search.cosines_of[document.chunks.get().pk] = 0.9 - len(made) / 10
        made.append(document)
    return made


def test_things_with_other_numbers_are_neither_newer_nor_the_answer(
    collection: Collection, search: WordSearch, teammate: User
) -> None:
    four, three = buildings(collection, search)
    answer = ask(teammate, EXITS.format(3), "The building has 5 fire exits. [1]")[-1].data
    assert [passage["document"]["id"] for passage in answer["passages"]] == [three.pk]
    assert answer["text"].startswith("The building has 5 fire exits.") and not answer["disagreements"]
    both = ask(teammate, "How many fire exits have building 3 and building 4?", "I say so.")[-1].data
    assert {passage["document"]["id"] for passage in both["passages"]} == {four.pk, three.pk}


def test_other_number_alone_is_no_answer(collection: Collection, search: WordSearch, teammate: User) -> None:
    buildings(collection, search)
    answer = ask(teammate, EXITS.format(5), "The building has 7 fire exits. [1]")[-1].data
    assert (answer["abstained"], answer["lacks"]) == (True, "other_number")
