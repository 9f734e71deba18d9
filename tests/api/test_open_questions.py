"""Questions that nothing answered: who may send, see and close them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from kb.accounts.models import User
from kb.chat import open_questions
from kb.chat.models import Message, OpenQuestion, Outcome
from kb.chat.serialize import answer_object
from kb.library.models import Collection, Grant
from tests.factories import browser_of
from tests.rules.making import verified_on
from tests.web.answers import make_conversation, make_message

pytestmark = pytest.mark.django_db

ClientOf = Callable[..., APIClient]
QUESTION = "Where is the helipad?"


@pytest.fixture
def message(teammate: User) -> Message:
    return make_message(
        make_conversation(teammate), question=QUESTION, outcome=Outcome.ABSTAINED, reason="not_relevant"
    )


@pytest.fixture
def sent(message: Message, collection: Collection, teammate: User) -> OpenQuestion:
    return open_questions.send_question(teammate, message, collection, "For the fair.")


def send(client: APIClient, message: Message, collection: Collection, note: str = "") -> Any:
    body = {"collection": collection.pk, "note": note}
    return client.post(f"/api/v1/messages/{message.pk}/open-question/", body, format="json")


def test_asker_sends_and_manager_reads_and_closes(
    client_of: ClientOf, message: Message, collection: Collection, owner: User, teammate: User
) -> None:
    made = send(client_of(teammate), message, collection, "For the fair.")
    assert made.status_code == 201, made.content
    manager = client_of(owner)
    [listed] = manager.get(f"/api/v1/collections/{collection.pk}/open-questions/?state=open").json()[
        "results"
    ]
    assert (listed["question"], listed["note"], listed["asked_by"]) == (QUESTION, "For the fair.", "teammate")

    closed = manager.post(
        f"/api/v1/open-questions/{listed['id']}/close/", {"reply": "On the roof."}, format="json"
    )
    assert closed.json()["state"] == "closed"
    told = answer_object(message, teammate)["open_question"]
    assert (told["state"], told["reply"], told["closed_by"]) == ("closed", "On the roof.", "owner")
    again = manager.post(f"/api/v1/open-questions/{listed['id']}/close/", {"reply": "No."}, format="json")
    assert again.status_code == 409
    assert answer_object(message, teammate)["open_question"]["reply"] == "On the roof."


def test_question_is_sent_once(
    client_of: ClientOf, message: Message, collection: Collection, teammate: User
) -> None:
    client = client_of(teammate)
    assert send(client, message, collection).status_code == 201
    assert send(client, message, collection).status_code == 409
    assert OpenQuestion.objects.count() == 1


@pytest.mark.parametrize(("outcome", "reason"), [(Outcome.ANSWERED, ""), (Outcome.ABSTAINED, "blocked")])
def test_what_was_answered_or_blocked_is_not_sent(
    client_of: ClientOf, message: Message, collection: Collection, teammate: User, outcome: str, reason: str
) -> None:
    Message.objects.filter(pk=message.pk).update(outcome=outcome, reason=reason)
    assert send(client_of(teammate), message, collection).status_code == 409


def test_nobody_sends_to_a_collection_that_they_may_not_read(
    client_of: ClientOf, message: Message, teammate: User
) -> None:
    """Case 2: as if it did not exist."""
    secret = Collection.objects.create(name="Secret", slug="secret")
    client = client_of(teammate)
    hidden = send(client, message, secret)
    secret.pk = 987_654
    assert hidden.status_code == 404 and hidden.content == send(client, message, secret).content


def test_nobody_sends_the_question_of_another(
    client_of: ClientOf, message: Message, collection: Collection, owner: User
) -> None:
    """Case 4."""
    assert send(client_of(owner), message, collection).status_code == 404
    assert not OpenQuestion.objects.exists()


def test_only_managers_learn_who_asked_what(
    client_of: ClientOf, sent: OpenQuestion, collection: Collection, teammate: User, stranger: User
) -> None:
    listing, single = (
        f"/api/v1/collections/{collection.pk}/open-questions/",
        f"/api/v1/open-questions/{sent.pk}/",
    )
    reader, foreign = client_of(teammate), client_of(stranger)
    assert (reader.get(listing).status_code, foreign.get(listing).status_code) == (403, 404)
    for client in (reader, foreign):
        assert client.get(single).status_code == 404
        assert client.post(f"{single}close/", {"reply": "x"}, format="json").status_code == 404
    for user, status in ((teammate, 403), (stranger, 404)):
        browser = browser_of(user)
        assert browser.get(f"/library/{collection.pk}/questions/").status_code == status
        assert browser.post(f"/library/questions/{sent.pk}/close/", {"reply": "x"}).status_code == 404
    sent.refresh_from_db()
    assert sent.closed_at is None


def test_reader_who_lost_the_collection_does_not_get_the_reply(
    sent: OpenQuestion, message: Message, collection: Collection, owner: User, teammate: User
) -> None:
    """Case 7."""
    open_questions.close_question(owner, sent, "On the roof.")
    Grant.objects.filter(collection=collection, user=teammate).delete()
    told = answer_object(message, teammate)["open_question"]
    assert told["state"] == "closed" and told["reply"] == "" and told["collection_name"] == ""


def test_page_needs_a_token_to_close(sent: OpenQuestion, owner: User) -> None:
    """Case 24."""
    browser = browser_of(owner, enforce_csrf_checks=True)
    assert browser.post(f"/library/questions/{sent.pk}/close/", {"reply": "x"}).status_code == 403


def test_too_many_in_an_hour_are_refused(
    client_of: ClientOf, collection: Collection, teammate: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_questions, "_MOST_AN_HOUR", 2)
    client, talk = client_of(teammate), make_conversation(teammate)
    messages = [make_message(talk, outcome=Outcome.ABSTAINED, reason="not_relevant") for _ in range(3)]
    assert [send(client, message, collection).status_code for message in messages] == [201, 201, 429]


def test_verified_answer_written_from_it_answers_it_while_it_is_on(
    sent: OpenQuestion, message: Message, collection: Collection, owner: User, teammate: User
) -> None:
    browser = browser_of(owner)
    address = f"/library/{collection.pk}/verified/new/?question={sent.pk}"
    form = browser.get(address).content.decode()
    assert QUESTION in form and f'name="question" value="{sent.pk}"' in form and "For the fair." in form
    answer = verified_on(owner, collection, None, None, variants=(QUESTION,), text="On the roof.")
    open_questions.answer_question(sent, answer)
    assert answer_object(message, teammate)["open_question"]["state"] == "answered"
    assert open_questions.waiting_counts([collection]) == {}
    answer.delete()
    assert answer_object(message, teammate)["open_question"]["state"] == "open"
    assert open_questions.waiting_counts([collection]) == {collection.pk: 1}


def test_saving_the_form_ties_the_answer_to_the_question(
    sent: OpenQuestion, collection: Collection, owner: User
) -> None:
    fields = {"variants": QUESTION, "text": "", "question": sent.pk}
    browser, address = browser_of(owner), f"/library/{collection.pk}/verified/new/"
    assert f'name="question" value="{sent.pk}"' in browser.post(address, fields).content.decode()
    saved = browser.post(address, {**fields, "text": "On the roof."})
    assert saved.status_code == 302, saved.content.decode()[-2000:]
    sent.refresh_from_db()
    assert sent.verified is not None and open_questions.state_of(sent) == "open"  # a draft answers nobody


def test_manager_sees_the_count_and_the_admin_the_collection(
    sent: OpenQuestion, collection: Collection, owner: User, teammate: User, admin: User
) -> None:
    page = browser_of(owner).get(f"/library/{collection.pk}/").content.decode()
    assert f'href="/library/{collection.pk}/questions/"' in page and 'number">1</span>' in page
    assert "Open questions" not in browser_of(teammate).get(f"/library/{collection.pk}/").content.decode()
    console = browser_of(admin).get("/console/").content.decode()
    assert f'href="/library/{collection.pk}/questions/"' in console and "1 question<" in console
    listed = browser_of(owner).get(f"/library/{collection.pk}/questions/").content.decode()
    assert QUESTION in listed and "For the fair." in listed


def test_asker_sees_in_the_conversation_what_became_of_it(
    message: Message, collection: Collection, owner: User, teammate: User
) -> None:
    browser, address = browser_of(teammate), f"/c/{message.conversation_id}/"
    assert "data-send-question" in browser.get(address).content.decode()
    sent = open_questions.send_question(teammate, message, collection, "")
    page = browser.get(address).content.decode()
    assert "data-send-question" not in page and "You sent this question to the managers of Handbook" in page
    open_questions.close_question(owner, sent, "<b>On the roof</b>")
    assert "owner closed your question" in (page := browser.get(address).content.decode())
    assert "&lt;b&gt;On the roof" in page


def test_it_outlives_the_conversation_it_came_from(sent: OpenQuestion, message: Message) -> None:
    message.conversation.delete()
    sent.refresh_from_db()
    assert sent.message is None and sent.question == QUESTION


def test_database_refuses_a_reply_to_an_open_question(sent: OpenQuestion) -> None:
    with pytest.raises(IntegrityError, match="open_question_is_replied_to_when_closed"), transaction.atomic():
        OpenQuestion.objects.filter(pk=sent.pk).update(reply="early")
