"""Rules and verified answers over REST, and blocked and verified answers for OpenAI clients."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from kb.accounts.models import User, create_api_key
from kb.chat.models import Message
from kb.library.models import Chunk, Collection, Document, Status
from kb.rules.models import Firing, Kind, NearMiss, Rule, RuleChange, VerifiedAnswer
from tests.rules.conftest import QUESTION
from tests.rules.encoders import WordEncoder
from tests.rules.making import APPROVED, VARIANTS, rule_on, verified_on

pytestmark = pytest.mark.django_db(transaction=True)
Caller = Callable[..., APIClient]


@pytest.fixture
def caller() -> Caller:
    def make(user: User, *, can_write: bool = True) -> APIClient:
        _, key = create_api_key(user, f"{user}-{can_write}-{user.api_keys.count()}", can_write=can_write)
        client = APIClient(headers={"Authorization": f"Bearer {key}"})
        return client

    return make


def test_rule_from_draft_to_log(caller: Caller, admin: User, teammate: User, search: WordEncoder) -> None:
    api = caller(admin)
    body = {"kind": "block", "name": "Returns", "words": ["return"], "text": "Ask the shop."}
    rule = api.post("/api/v1/rules/", body, format="json").json()
    assert (rule["state"], rule["position"]) == ("draft", 1)
    refused = api.post(f"/api/v1/rules/{rule['id']}/state/", {"state": "on"}, format="json")
    assert refused.status_code == 409
    tried = api.post(
        f"/api/v1/rules/{rule['id']}/try/", {"questions": [QUESTION, "Else?"]}, format="json"
    ).json()
    assert (tried["state"], tried["looked_at"], tried["fired"]) == ("tried", 2, 1)
    assert tried["results"] == [{"question": QUESTION, "place": "question", "cause": "return"}]
    assert not Firing.objects.exists()
    assert (
        api.post(f"/api/v1/rules/{rule['id']}/state/", {"state": "on"}, format="json").json()["state"] == "on"
    )

    reader = caller(teammate)
    done = reader.post("/api/v1/answers/", {"question": QUESTION}, format="json").json()
    assert (done["reason"], done["rule"]["message"]) == ("blocked", "Ask the shop.")
    chat = {"model": "kb", "messages": [{"role": "user", "content": QUESTION}]}
    reply = reader.post("/v1/chat/completions", chat, format="json").json()
    assert reply["choices"][0]["message"]["content"] == "Ask the shop."
    assert reply["choices"][0]["message"]["kb"]["rule"]["kind"] == "block"
    log = api.get(f"/api/v1/rules/firings/?rule={rule['id']}&username=teammate").json()
    assert log["count"] == 2
    assert log["results"][0]["message"] == str(Message.objects.latest("created_at").pk)
    assert api.get("/api/v1/rules/firings/?username=owner").json()["count"] == 0

    changed = api.patch(f"/api/v1/rules/{rule['id']}/", {"words": ["visa"]}, format="json").json()
    assert (changed["state"], changed["words"], changed["text"]) == ("draft", ["visa"], "Ask the shop.")
    assert api.delete(f"/api/v1/rules/{rule['id']}/").status_code == 204
    assert Firing.objects.count() == 2 and not Rule.objects.exists()
    actions = [row["action"] for row in api.get("/api/v1/rules/changes/").json()["results"]]
    assert actions == ["deleted", "changed", "switched on", "tried", "created"]


def test_state_of_a_rule_that_is_on_and_cannot_be_evaluated_is_broken(caller: Caller, admin: User) -> None:
    rule = rule_on(admin, Kind.REDACTION, personal=["email"])
    address = f"/api/v1/rules/{rule.pk}/"
    assert caller(admin).get(address).json()["state"] == "on"
    Rule.objects.filter(pk=rule.pk).update(personal=["shoe size"])
    assert caller(admin).get(address).json()["state"] == "broken"
    assert caller(admin).get("/api/v1/rules/").json()["results"][0]["state"] == "broken"


def test_state_of_a_verified_answer_that_no_longer_answers_is_stopped(
    caller: Caller, owner: User, collection: Collection, document: Document, search: WordEncoder
) -> None:
    answer = verified_on(owner, collection, document, search)
    address = f"/api/v1/verified-answers/{answer.pk}/"
    assert caller(owner).get(address).json()["state"] == "on"
    VerifiedAnswer.objects.update(valid_until=timezone.localdate() - timedelta(days=1))
    assert caller(owner).get(address).json()["state"] == "stopped"
    VerifiedAnswer.objects.update(valid_until=None)
    Document.objects.update(status=Status.DELETED, deleted_at=timezone.now())
    assert caller(owner).get(address).json()["state"] == "stopped"


def test_trial_counts_other_peoples_questions_without_their_words(
    caller: Caller, admin: User, teammate: User, search: WordEncoder
) -> None:
    caller(teammate).post("/api/v1/answers/", {"question": "Where is my secret?"}, format="json")
    api = caller(admin)
    body = {"kind": "block", "name": "Secrets", "words": ["secret"]}
    rule = api.post("/api/v1/rules/", body, format="json").json()
    tried = api.post(f"/api/v1/rules/{rule['id']}/try/", {}, format="json").json()
    assert (tried["fired"], tried["results"][0]["question"]) == (1, None)
    assert "my secret" not in str(tried)


def test_redaction_that_does_not_say_where_it_looks_looks_everywhere(caller: Caller, admin: User) -> None:
    body: dict[str, Any] = {"kind": "redaction", "name": "Mail", "personal": ["email"]}
    rule = caller(admin).post("/api/v1/rules/", body, format="json").json()
    assert rule["in_question"] and rule["in_sources"] and rule["in_answer"]
    body |= {"name": "Answers", "in_answer": True, "in_question": False}
    rule = caller(admin).post("/api/v1/rules/", body, format="json").json()
    assert (rule["in_question"], rule["in_sources"], rule["in_answer"]) == (False, False, True)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "block", "name": "x"}, {"kind": "block", "name": " ", "words": ["x"]},
        {"kind": "block", "name": "x", "patterns": ["("]}, {"kind": "notice", "name": "x", "words": ["x"]},
        {"kind": "redaction", "name": "x"}, {"kind": "redaction", "name": "x", "personal": ["soul"]},
        {"kind": "label", "name": "x", "label": "none", "groups": ["none"]}, {"kind": "script", "name": "x"},
        {"kind": "block", "name": "x", "words": ["x"], "groups": ["nobody"]}, {"name": "x", "words": ["x"]},
        {"kind": "block", "name": "x", "words": ["x"], "collections": [987654]},
        {"kind": "block", "name": "x", "words": ["x"], "in_question": False},
        {"kind": "block", "name": "x", "words": ["x"], "in_sorces": True},
    ],
)  # fmt: skip
def test_rule_that_makes_no_sense_is_refused(caller: Caller, admin: User, body: dict[str, Any]) -> None:
    reply = caller(admin).post("/api/v1/rules/", body, format="json")
    assert reply.status_code == 400, reply.content
    assert reply.json()["error"]["message"]
    assert not Rule.objects.exists() and not RuleChange.objects.exists()


def test_only_admins_see_rules_and_only_managers_verified_answers(
    caller: Caller, owner: User, teammate: User, stranger: User, collection: Collection, document: Document
) -> None:
    answer = verified_on(owner, collection, document, None)
    for path in ("rules/", "rules/firings/", "rules/changes/", "labels/"):
        assert caller(owner).get(f"/api/v1/{path}").status_code == 403
    listed = f"/api/v1/collections/{collection.pk}/verified-answers/"
    one = f"/api/v1/verified-answers/{answer.pk}/"
    for user, status in ((owner, 200), (teammate, 403), (stranger, 404)):
        assert caller(user).get(listed).status_code == status
        assert caller(user).get(one).status_code == status
    assert caller(owner, can_write=False).post(f"{one}state/", {"state": "off"}).status_code == 403


def test_verified_answer_over_rest(
    caller: Caller,
    owner: User,
    teammate: User,
    collection: Collection,
    document: Document,
    search: WordEncoder,
) -> None:
    api, reader = caller(owner), caller(teammate)
    body = {"variants": list(VARIANTS), "text": APPROVED, "chunks": [Chunk.objects.get(document=document).pk]}
    made = api.post(f"/api/v1/collections/{collection.pk}/verified-answers/", body, format="json").json()
    address = f"/api/v1/verified-answers/{made['id']}/"
    assert (made["state"], made["verified_by"], made["troubles"]) == ("draft", "owner", [])
    assert made["fit"]["semantic"]["threshold"] == made["semantic_threshold"]
    assert api.post(f"{address}state/", {"state": "on"}, format="json").status_code == 409
    tried = api.post(f"{address}try/", {"questions": [VARIANTS[0], "Is it 30 days?"]}, format="json").json()
    assert [item["matches"] for item in tried["results"]] == [True, False]
    assert api.post(f"{address}state/", {"state": "on"}, format="json").json()["state"] == "on"

    done = reader.post("/api/v1/answers/", {"question": QUESTION}, format="json").json()
    assert (done["text"], done["rule"]["verified_by"]) == (APPROVED, "owner")
    chat = {"model": f"kb/{collection.slug}", "messages": [{"role": "user", "content": QUESTION}]}
    reply = reader.post("/v1/chat/completions", chat, format="json").json()["choices"][0]["message"]
    assert reply["content"].startswith(APPROVED) and reply["kb"]["rule"]["kind"] == "verified_answer"
    assert reader.post(f"/api/v1/messages/{done['id']}/not-this/").status_code == 204
    miss = NearMiss.objects.get()
    listed = api.get(f"{address}near-misses/").json()["results"]
    assert [(row["question"], row["accepted"]) for row in listed] == [(QUESTION, False)]
    assert (
        reader.post(f"/api/v1/near-misses/{miss.pk}/", {"accepted": True}, format="json").status_code == 403
    )
    assert api.post(f"/api/v1/near-misses/{miss.pk}/", {"accepted": False}, format="json").status_code == 204

    changed = api.put(address, {**body, "text": "Other words."}, format="json").json()
    assert (changed["state"], changed["text"]) == ("draft", "Other words.")
    hidden = api.put(address, {**body, "chunks": [987654]}, format="json")
    assert hidden.status_code == 404
    assert VerifiedAnswer.objects.get().text == "Other words."
    assert api.delete(address).status_code == 204


def test_labels_over_rest(caller: Caller, admin: User, collection: Collection) -> None:
    api = caller(admin)
    label = api.post("/api/v1/labels/", {"name": "secret"}, format="json").json()
    assert api.post("/api/v1/labels/", {"name": "Secret"}, format="json").status_code == 409
    borne = {"collection": collection.pk, "external_id": "board.md"}
    put = api.post(f"/api/v1/labels/{label['id']}/", borne, format="json").json()
    assert put["documents"] == [{"collection": collection.pk, "external_id": "board.md"}]
    off = api.post(f"/api/v1/labels/{label['id']}/", {**borne, "borne": False}, format="json").json()
    assert off["documents"] == []
    assert api.delete(f"/api/v1/labels/{label['id']}/").status_code == 204
