"""Every address of the site, walked from the URLconf by people who may not see what it names."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from ingest.models import Source
from kb.accounts.models import User, create_api_key
from kb.chat.models import Conversation, Message, OpenQuestion
from kb.library.models import Collection, Grant, NearDuplicate
from kb.rules.models import Label, NearMiss, Rule, VerifiedAnswer
from tests.factories import browser_of, make_document

pytestmark = pytest.mark.django_db

METHODS = ("get", "post", "put", "patch", "delete")
CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")
OWN_RULES = ("console/admin/", "static/")


def routes(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[str]:
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield path


def addresses(identities: dict[str, object]) -> list[str]:
    """Every route that takes one of these ids, filled in."""
    found = []
    for route in routes():
        names = CONVERTER.findall(route)
        if names and not route.startswith(OWN_RULES) and set(names) <= identities.keys():
            found.append("/" + CONVERTER.sub(lambda match: str(identities[match[1]]), route))
    return found


@pytest.fixture
def hidden(collection: Collection, owner: User) -> dict[str, object]:
    """Ids of things that only the owner may see."""
    document = make_document(collection)
    conversation = Conversation.objects.create(user=owner, title="Mine")
    message = Message.objects.create(conversation=conversation, question="?")
    return {
        "collection_id": collection.pk,
        "document_id": document.pk,
        "chunk_id": document.chunks.get().pk,
        "conversation_id": conversation.pk,
        "message_id": message.pk,
        "grant_id": Grant.objects.get(collection=collection, user=owner).pk,
        "question_id": OpenQuestion.objects.create(collection=collection, question="Concur?").pk,
        "pair_id": _pair(collection),
        "page": 1,
        "number": 1,
        "generation_id": 1,
        "action": "switch",
        "source_id": Source.objects.create(
            collection=collection, name="Wiki", prefix="wiki", protocol="file", next_run_at=timezone.now()
        ).pk,
        "protocol": "s3",
        "decision": "confirm",
        **_rules(collection),
    }


def _pair(collection: Collection) -> int:
    first, second = make_document(collection), make_document(collection)
    pair = NearDuplicate.objects.create(collection=collection, first=first, second=second, likeness=0.9)
    return pair.pk


def _rules(collection: Collection) -> dict[str, object]:
    answer = VerifiedAnswer.objects.create(
        collection=collection, text="14 days", verified_by_name="owner", verified_at=timezone.now()
    )
    return {
        "verified_id": answer.pk,
        "near_miss_id": NearMiss.objects.create(answer=answer, question="?").pk,
        "rule_id": Rule.objects.create(kind="block", name="Falcon", position=1).pk,
        "label_id": Label.objects.create(name="secret").pk,
        "kind": "block",
        "direction": "up",
    }


@pytest.fixture
def missing() -> dict[str, object]:
    """Ids of nothing."""
    number, name = 987_654, uuid.uuid4()
    return {
        "collection_id": number,
        "document_id": number,
        "chunk_id": number,
        "conversation_id": name,
        "message_id": name,
        "grant_id": number,
        "page": 1,
        "number": 1,
        "generation_id": 1,
        "action": "switch",
        **dict.fromkeys(("verified_id", "near_miss_id", "rule_id", "label_id", "question_id"), number),
        "source_id": number,
        "pair_id": number,
        "protocol": "s3",
        "decision": "confirm",
        "kind": "block",
        "direction": "up",
    }


def test_the_walk_sees_every_kind_of_route(hidden: dict[str, object]) -> None:
    walked = " ".join(addresses(hidden))
    for part in (
        "/api/v1/documents/",
        "/retry/",
        "/chunks/",
        "/file/",
        "/pages/1.png",
        "/grants/",
        "/c/",
        "/library/",
        "/feedback/",
        "/verified/",
        "/near-misses/",
        "/rules/",
        "/labels/",
        "/open-question/",
        "/open-questions/",
        "/questions/",
        "/sources/",
    ):
        assert part in walked


def test_stranger_gets_the_same_bytes_for_hidden_and_missing(
    hidden: dict[str, object], missing: dict[str, object], stranger: User
) -> None:
    """Cases 1, 4 and 5."""
    _, key = create_api_key(stranger, "k", can_write=True)
    browser = browser_of(stranger, raise_request_exception=False)
    program = Client(headers={"Authorization": f"Bearer {key}"}, raise_request_exception=False)
    for real, unreal in zip(addresses(hidden), addresses(missing), strict=True):
        caller = program if real.startswith("/api/") else browser
        for method in METHODS:
            one, other = getattr(caller, method)(real), getattr(caller, method)(unreal)
            assert one.status_code == other.status_code, (method, real)
            assert one.status_code in (404, 405, 415), (method, real, one.status_code)
            if not real.startswith("/api/"):
                continue
            assert one.content == other.content, (method, real)


def test_anonymous_walk_reveals_nothing(hidden: dict[str, object]) -> None:
    """Cases 8 and 45."""
    # From another machine: the numbers of /metrics are for programs on this one.
    browser = Client(raise_request_exception=False, REMOTE_ADDR="203.0.113.9")
    everything = {*addresses(hidden), *("/" + route for route in routes() if "<" not in route)}
    public = {"/healthz", "/readyz", "/accounts/login/"}
    for address in everything - public:
        if address.startswith(tuple("/" + rule for rule in OWN_RULES)):
            continue
        for method in METHODS:
            answer = getattr(browser, method)(address)
            assert answer.status_code in (302, 401, 403, 404, 405), (method, address, answer.status_code)
            body = b"" if answer.streaming else answer.content
            for secret in (b"Concur", b"Traceback", b"sqlite", b"/kb/", b"SECRET"):
                assert secret not in body, (address, secret)


def test_read_only_key_only_reads(hidden: dict[str, object], owner: User) -> None:
    """Case 22."""
    _, key = create_api_key(owner, "reader", can_write=False)
    program = Client(headers={"Authorization": f"Bearer {key}"}, raise_request_exception=False)
    before = {model: model.objects.count() for model in (Collection, Grant, Conversation, Message)}
    for address in addresses(hidden):
        if address.startswith("/api/v1/"):
            for method in ("post", "put", "patch", "delete"):
                answer = getattr(program, method)(address)
                assert answer.status_code in (403, 405), (method, address, answer.status_code)
    assert {model: model.objects.count() for model in before} == before
    assert program.get(f"/api/v1/documents/{hidden['document_id']}/").status_code == 200
