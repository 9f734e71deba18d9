"""What people write to each other is written down without what the rules redact (decision 0032)."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from kb.accounts.models import User
from kb.chat.models import Feedback, Message, OpenQuestion, Outcome
from kb.chat.open_questions import close_question, send_question
from kb.library.models import Collection, Grant
from kb.rules.models import Kind, NearMiss, Rule
from kb.rules.personal import KINDS
from kb.rules.record import VERIFIED
from tests.factories import browser_of
from tests.rules.making import rule_on, verified_on
from tests.web.answers import make_conversation, make_message

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "anna.berg@example.org"
JSON = "application/json"


@pytest.fixture
def redaction(admin: User) -> Rule:
    return rule_on(admin, Kind.REDACTION, personal=list(KINDS))


@pytest.fixture
def message(teammate: User, collection: Collection) -> Message:
    """Asked before the rule was made."""
    talk = make_conversation(teammate)
    talk.collection_ids = [collection.pk]
    talk.save()
    return make_message(
        talk, question=f"Where is {ADDRESS}?", outcome=Outcome.ABSTAINED, reason="not_relevant"
    )


def test_question_and_note_to_managers(
    redaction: Rule, message: Message, collection: Collection, teammate: User, owner: User
) -> None:
    sent = browser_of(teammate).post(
        f"/api/v1/messages/{message.pk}/open-question/",
        {"collection": collection.pk, "note": f" Call **{ADDRESS}**, or bob&#64;acme.example. "},
        JSON,
    )
    assert (sent.json()["question"], sent.json()["note"]) == ("Where is ███?", "Call **███**, or ███.")
    assert ADDRESS not in str(OpenQuestion.objects.values())
    page = browser_of(owner).get(f"/library/{collection.pk}/questions/").content.decode()
    assert "Where is ███?" in page and ADDRESS not in page and "acme" not in page


@pytest.mark.parametrize("over_rest", [True, False])
def test_reply_of_a_manager(
    redaction: Rule, message: Message, collection: Collection, teammate: User, owner: User, over_rest: bool
) -> None:
    sent = send_question(teammate, message, collection, "")
    address = (
        f"/api/v1/open-questions/{sent.pk}/close/" if over_rest else f"/library/questions/{sent.pk}/close/"
    )
    browser = browser_of(owner)
    fields = {"reply": f"Ask {ADDRESS}."}
    (browser.post(address, fields, JSON) if over_rest else browser.post(address, fields))
    sent.refresh_from_db()
    assert sent.closed_at is not None and sent.reply == "Ask ███."


def test_reply_follows_rules_that_hold_for_whoever_asked(
    admin: User, message: Message, collection: Collection, teammate: User, owner: User
) -> None:
    teammate.groups.add(Group.objects.create(name="Interns"))
    rule_on(admin, Kind.REDACTION, personal=list(KINDS), groups=["Interns"])
    sent = send_question(teammate, message, collection, "")
    close_question(owner, sent, f"Ask {ADDRESS}.")
    assert sent.reply == "Ask ███."


def test_rule_of_another_collection_leaves_the_reply(
    admin: User, message: Message, collection: Collection, teammate: User, owner: User
) -> None:
    other = Collection.objects.create(name="Other", slug="other")
    rule_on(admin, Kind.REDACTION, personal=list(KINDS), collections=[other.pk])
    sent = send_question(teammate, message, collection, "")
    close_question(owner, sent, f"Ask {ADDRESS}.")
    assert sent.reply == f"Ask {ADDRESS}."


def test_comment_of_a_feedback(
    redaction: Rule, message: Message, teammate: User, admin: User, collection: Collection
) -> None:
    browser, address = browser_of(teammate), f"/api/v1/messages/{message.pk}/feedback/"
    given = browser.post(address, {"helpful": False, "comment": f"Ask {ADDRESS}."}, JSON)
    assert given.json() == {"helpful": False, "comment": "Ask ███."}
    assert Feedback.objects.get().comment == "Ask ███."
    assert ADDRESS not in browser_of(admin).get("/console/").content.decode()
    Grant.objects.filter(collection=collection, user=teammate).delete()
    assert (
        browser.post(address, {"helpful": True, "comment": f"{ADDRESS}!"}, JSON).json()["comment"] == "███!"
    )


def test_question_that_a_verified_answer_does_not_answer(
    redaction: Rule, message: Message, teammate: User, owner: User, collection: Collection
) -> None:
    answer = verified_on(owner, collection, None, None)
    Message.objects.filter(pk=message.pk).update(rule={"kind": VERIFIED, "id": answer.pk})
    assert browser_of(teammate).post(f"/api/v1/messages/{message.pk}/not-this/").status_code == 204
    assert NearMiss.objects.get().question == "Where is ███?"
