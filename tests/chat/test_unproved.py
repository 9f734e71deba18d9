"""Sentences that no source proves: greyed, or left out where the collection wants it so, on every surface."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kb.accounts.models import User
from kb.api.openai import _kb_field
from kb.chat.models import Message
from kb.chat.serialize import answer_object
from kb.library.models import Collection, Grant, Unproved
from kb.library.services import create_collection
from tests.chat.asking import WordSearch, ask, install
from tests.factories import browser_of, make_document

pytestmark = pytest.mark.django_db(transaction=True)

QUESTION = "When must flights be booked?"
PROVED = "Book flights at least 14 days before you leave. [1]"
INVENTED = "Penguins prefer window seats. [1]"


@pytest.fixture
def search(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> WordSearch:
    make_document(collection, "Book flights at least 14 days before you leave.")
    fake = WordSearch()
    install(monkeypatch, fake)
    return fake


def strict(collection: Collection) -> None:
    Collection.objects.filter(pk=collection.pk).update(unproved=Unproved.WITHHOLD)


def surfaces(user: User, *said: str) -> tuple[str, dict[str, Any]]:
    """Everything that reaches the reader, streamed and after a reload, and the answer object."""
    events = ask(user, QUESTION, *said)
    streamed = json.dumps([event.data for event in events], default=str)
    message = Message.objects.get()
    stored = json.dumps([message.text, message.sentences, answer_object(message, user)], default=str)
    page = browser_of(user).get(f"/c/{message.conversation_id}/").content.decode()
    return streamed + stored + page, events[-1].data


def test_unproved_sentence_is_shown_as_such_by_default(search: WordSearch, teammate: User) -> None:
    everything, done = surfaces(teammate, PROVED, " ", INVENTED)
    assert [sentence["supported"] for sentence in done["sentences"]] == [True, False]
    assert "Not found in the sources" in everything and done["unproved_left_out"] == 0


def test_strict_collection_leaves_it_out_everywhere(
    search: WordSearch, collection: Collection, teammate: User
) -> None:
    strict(collection)
    everything, done = surfaces(teammate, PROVED, " ", INVENTED[:9], INVENTED[9:])
    assert "Penguins" not in everything and "window seats" not in everything
    assert [sentence["supported"] for sentence in done["sentences"]] == [True]
    assert done["unproved_left_out"] == 1 and _kb_field(done)["unproved_sentences"] == 1
    assert "1 sentence that the sources do not prove was left out." in everything


def test_strictest_of_the_collections_whose_passages_are_used_decides(
    search: WordSearch, collection: Collection, teammate: User
) -> None:
    other = Collection.objects.create(name="Rules", slug="rules", unproved=Unproved.WITHHOLD)
    Grant.objects.create(collection=other, user=teammate)
    _, beside = surfaces(teammate, PROVED, " ", INVENTED)
    assert beside["unproved_left_out"] == 0  # it may be read, and nothing of it was found
    Message.objects.all().delete()
    make_document(other, "Flights in a strict collection are booked by the office.")
    everything, done = surfaces(teammate, PROVED, " ", INVENTED)
    assert done["unproved_left_out"] == 1 and "Penguins" not in everything


def test_what_follows_a_left_out_beginning_keeps_its_own_paragraph(
    search: WordSearch, collection: Collection, teammate: User
) -> None:
    strict(collection)
    _, done = surfaces(
        teammate, "Flights: book at least 14 days before you leave. [1]\n\n", INVENTED, " ", PROVED
    )
    assert [sentence["starts_block"] for sentence in done["sentences"]] == [True] * len(done["sentences"])


def test_draft_of_which_nothing_is_proved_still_gives_the_sources_words(
    search: WordSearch, collection: Collection, teammate: User
) -> None:
    strict(collection)
    everything, done = surfaces(teammate, INVENTED)
    assert done["sentences"][0]["quoted"] and "Penguins" not in everything


def test_setting_is_given_on_making_and_changed_by_managers(owner: User) -> None:
    made = create_collection(owner, "Law", unproved=Unproved.WITHHOLD)
    browser = browser_of(owner)
    page = browser.get(f"/library/{made.pk}/").content.decode()
    assert '<option value="withhold" selected>' in page
    changed = browser.patch(
        f"/api/v1/collections/{made.pk}/", {"unproved": "show"}, content_type="application/json"
    )
    assert changed.json()["unproved"] == "show"
    refused = browser.patch(
        f"/api/v1/collections/{made.pk}/", {"unproved": "maybe"}, content_type="application/json"
    )
    assert refused.status_code == 400
