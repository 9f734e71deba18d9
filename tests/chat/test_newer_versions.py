"""An old answer opens the version that it was made from, and says when that was replaced."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kb.accounts.models import User
from kb.chat.models import Message
from kb.chat.serialize import answer_object, answer_objects, with_sources
from kb.library.models import Collection, Document, Status
from tests.factories import browser_of, make_document
from tests.web.answers import make_answer, make_conversation

pytestmark = pytest.mark.django_db

OLD = "Flights are booked 14 days ahead."


@pytest.fixture
def message(collection: Collection, teammate: User) -> Message:
    document = make_document(collection, OLD, external_id="travel.md", title="Travel")
    return make_answer(make_conversation(teammate), document)


def replace(message: Message, **fields: object) -> Document:
    """Bring in the next version of the cited document."""
    [old] = Document.objects.filter(external_id="travel.md", superseded_at=None)
    new = make_document(
        old.collection, OLD.replace("14", "21"), external_id="travel.md", version=old.version + 1, **fields
    )
    if new.status == Status.READY:
        Document.objects.filter(pk=old.pk).update(superseded_at=timezone.now())
    return new


def test_citation_of_the_present_version_names_no_newer_one(message: Message, teammate: User) -> None:
    [citation] = answer_object(message, teammate)["citations"]
    assert citation["newer_version"] is None


def test_citation_opens_its_own_version_and_names_the_newest(message: Message, teammate: User) -> None:
    replace(message)
    newest = replace(message)
    [citation] = answer_object(message, teammate)["citations"]
    assert citation["version"] == 1
    assert citation["newer_version"] == {
        "document_id": newest.pk,
        "version": 3,
        "url": f"/documents/{newest.pk}/",
    }
    browser = browser_of(teammate)
    opened = browser.get(citation["url"]).content.decode()
    assert f'<mark id="quote">{OLD}</mark>' in opened and "This is an old version" in opened
    page = browser.get(f"/c/{message.conversation_id}/").content.decode()
    assert f'<a href="/documents/{newest.pk}/">Version 3</a> has replaced it since' in page


def test_version_that_is_not_ready_has_replaced_nothing(message: Message, teammate: User) -> None:
    replace(message, status=Status.FAILED)
    assert answer_object(message, teammate)["citations"][0]["newer_version"] is None


def test_deleted_newer_version_is_not_named(message: Message, teammate: User) -> None:
    new = replace(message)
    Document.objects.filter(pk=new.pk).update(status=Status.DELETED, deleted_at=timezone.now())
    assert answer_object(message, teammate)["citations"][0]["newer_version"] is None


def test_queries_do_not_grow_with_the_answers(message: Message, teammate: User) -> None:
    """Passages, citations, their rights and labels, and one for all newer versions."""
    replace(message)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            answer_objects(with_sources(message.conversation.messages.all()), teammate)
        return len(caught)

    queries()  # the first one of a process reads the rules as well
    one = queries()
    for _ in range(3):
        make_answer(message.conversation, Document.objects.get(external_id="travel.md", version=1))
    assert queries() == one
