"""A question can be narrowed by what documents say of themselves; that is kept and told."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from rest_framework.response import Response

from kb.accounts.models import User
from kb.chat.choices import label_choices
from kb.chat.models import Conversation, Message
from kb.library.details import columns_of, write_labels
from kb.library.filters import filter_words
from kb.library.models import Chunk, Collection, Document
from tests.api.conftest import client_of  # noqa: F401
from tests.chat.asking import WordSearch, ask, install
from tests.factories import browser_of, make_document

pytestmark = pytest.mark.django_db(transaction=True)

QUESTION = "When must flights be booked?"
OLD, NEW = "Book flights 14 days before.", "Book flights 21 days before."


@pytest.fixture
def policies(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> tuple[Document, Document]:
    """One of 2019 with the label Travel, one of 2024 with the label Group."""
    install(monkeypatch, WordSearch())
    old, new = make_document(collection, OLD), make_document(collection, NEW)
    for document, label, day in ((old, "Travel", "2019-05-01"), (new, "Group", "2024-05-01")):
        document.metadata = {"labels": [label], "date": day}
        Document.objects.filter(pk=document.pk).update(metadata=document.metadata, **columns_of(document))
        write_labels(document)
    return old, new


def shown(message: Message) -> list[str]:
    return [row.text for row in message.passages.all()]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [({"labels": ["travel"]}, [OLD]), ({"dated_from": "2024-01-01"}, [NEW]), ({}, [OLD, NEW])],
)
@pytest.mark.usefixtures("policies")
def test_only_documents_that_meet_the_filters_are_put_before_the_model(
    teammate: User, filters: dict[str, Any], expected: list[str]
) -> None:
    ask(teammate, QUESTION, "Book early.", filters=filters)
    assert sorted(shown(Message.objects.get())) == expected


@pytest.mark.usefixtures("policies")
def test_filters_stay_with_the_conversation_until_they_are_taken_away(teammate: User) -> None:
    ask(teammate, QUESTION, "Early.", filters={"labels": ["Travel"]})
    conversation = Conversation.objects.get()
    ask(teammate, "And when must flights be booked?", "Early.", conversation_id=conversation.pk)
    ask(teammate, "When must other flights be booked?", "Early.", conversation_id=conversation.pk, filters={})
    first, second, third = conversation.messages.order_by("created_at")
    assert (shown(first), shown(second), len(shown(third))) == ([OLD], [OLD], 2)
    assert (first.filters, second.filters, third.filters) == ({"labels": ["Travel"]},) * 2 + ({},)


@pytest.mark.usefixtures("policies")
def test_api_takes_the_filters_of_search_and_refuses_others(
    client_of: Any,  # noqa: F811
    teammate: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken: list[Any] = []

    async def answers(asked: Any) -> Response:
        taken.append(asked.filters)
        return Response({})

    monkeypatch.setattr("kb.api.answers.whole_answer", answers)
    api = client_of(teammate)
    filters = {"labels": ["Travel"], "dated_from": "2024-01-01", "current": False}
    for body in ({"filters": filters}, {"filters": None}, {}):
        api.post("/api/v1/answers/", {"question": QUESTION, **body}, format="json")
    assert taken == [{"labels": ["Travel"], "dated_from": "2024-01-01"}, {}, None]
    refused = api.post("/api/v1/answers/", {"question": QUESTION, "filters": {"tag": "x"}}, format="json")
    assert refused.status_code == 400


def test_nothing_is_told_of_passages_outside_the_filters(
    policies: tuple[Document, Document], teammate: User
) -> None:
    held = Chunk.objects.filter(document=policies[0])
    held.update(flags=[["instruction", 0, 4]], withheld=True)
    ask(teammate, QUESTION, "Early.", filters={"labels": ["Group"]})
    assert Message.objects.get().held_back == []
    ask(teammate, QUESTION, "Early.", filters={"labels": ["travel"]})
    assert len(Message.objects.latest("created_at").held_back) == 1


@pytest.mark.usefixtures("policies")
def test_page_offers_labels_and_tells_what_a_question_was_narrowed_to(teammate: User, stranger: User) -> None:
    """Case 1: labels of documents that a person may not read are not offered."""
    filters = {"labels": ["Travel"], "dated_to": "2020-12-31", "author": "Ann"}
    ask(teammate, QUESTION, "Early.", filters=filters)
    page = browser_of(teammate).get(f"/c/{Conversation.objects.get().pk}/").content.decode()
    assert 'name="label" value="Travel" checked' in page
    assert 'name="label" value="Group">' in page
    assert 'name="dated_to" value="2020-12-31"' in page
    assert "label Travel, author Ann, a date until 31 Dec 2020" in page
    kept = re.search(r'="([^"]*&quot;labels&quot;[^"]*)"', page)
    assert kept is not None and json.loads(html.unescape(kept.group(1))) == filters
    assert label_choices(stranger, ()) == []
    assert "Travel" not in browser_of(stranger).get("/").content.decode()


def test_filters_are_told_in_words() -> None:
    told = {"labels": ["hr", "cars"], "kinds": ["pdf"], "dated_from": "2024-01-05", "current": True}
    assert filter_words(told) == "label hr or cars, kind pdf, a date from 5 Jan 2024, no review overdue"
    assert filter_words({"owner": "Fleet"}) == "owner Fleet"
    assert filter_words({}) == ""
