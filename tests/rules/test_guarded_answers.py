"""Blocked topics, redaction, notices and labels on the way of a question."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group
from django.db import DatabaseError

from kb.accounts.models import User
from kb.api.search import search_body
from kb.chat.models import Message, Outcome
from kb.chat.pipeline import answer
from kb.chat.record import Ask
from kb.chat.serialize import answer_object
from kb.library.models import Collection, Document
from kb.rules import active
from kb.rules.active import bump
from kb.rules.errors import BrokenRuleError
from kb.rules.models import Firing, Kind, Rule, RuleRevision
from kb.rules.services import create_label, label_collection, label_document, move_rule, switch_off
from tests.chat.fakes import FakeGenerator
from tests.rules.conftest import QUESTION, TEXT, Run
from tests.rules.encoders import WordEncoder
from tests.rules.making import rule_on

pytestmark = pytest.mark.django_db(transaction=True)

PROVED = "Customers may return a product within 14 days of delivery. [1]"
CONTACT = "Send it to Max Muster, max.muster@example.com, +49 30 1234567. [1]"


def names(events: list[Any]) -> list[str]:
    return [event.name for event in events if event.name != "delta"]


def deltas(events: list[Any]) -> str:
    return "".join(event.data["text"] for event in events if event.name == "delta")


@pytest.mark.parametrize(
    "asked", ["Tell me about Project Falcon", "what of the projects\u200b FALCON?", "project-falcon!"]
)
def test_blocked_question_reaches_neither_search_nor_model(
    run: Run, admin: User, search: WordEncoder, asked: str
) -> None:
    rule = rule_on(admin, Kind.BLOCK, words=["project falcon"], text="Ask the board.")
    generator = FakeGenerator(PROVED)
    events = run(question=asked, generator=generator)
    assert names(events) == ["retrieval", "abstained", "done"]
    assert events[1].data == {"reason": "blocked", "message": "Ask the board.", "nearest": []}
    done = events[-1].data
    assert (done["abstained"], done["reason"], done["passages"]) == (True, "blocked", [])
    assert done["rule"] == {"kind": "block", "id": rule.pk, "message": "Ask the board."}
    assert not generator.prompts and not search.queries
    firing = Firing.objects.get()
    assert (firing.rule_id, firing.place, firing.message_id) == (rule.pk, "question", done["id"])
    assert "falcon" not in str(Firing.objects.values("counts", "place").get()).lower()


def test_follow_up_to_a_blocked_question_is_blocked_too(run: Run, admin: User) -> None:
    rule_on(admin, Kind.BLOCK, words=["falcon"])
    first = run("x", question="What is the budget of Falcon this year?")
    conversation = first[-1].data["conversation"]
    again = run("x", question="and what about its team?", conversation_id=conversation)
    assert again[-1].data["reason"] == "blocked"


@pytest.mark.parametrize("cut", range(1, len(PROVED) + 30, 7))
def test_blocked_word_of_the_answer_is_never_shown_whole(
    run: Run, admin: User, document: Document, cut: int
) -> None:
    rule_on(admin, Kind.BLOCK, words=["falcon"], in_question=False, in_answer=True)
    said = f"{PROVED} The secret is Falcon and more."
    events = run(said[:cut], said[cut:])
    shown = deltas(events) + str([event.data for event in events])
    assert "falcon" not in shown.lower()
    assert events[-1].data["reason"] in ("blocked", "nothing_found", "nothing_near", "not_proved")


def test_answer_block_stops_the_model_and_takes_back_what_was_written(
    run: Run, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule_on(admin, Kind.BLOCK, words=["overdraft"], in_question=False, in_answer=True, text="Not here.")
    generator = FakeGenerator(PROVED, " The over", "draft is", " large.", " And more.")
    events = run(generator=generator)
    assert generator.closed
    assert names(events) == ["retrieval", "sentence", "abstained", "done"]
    message = Message.objects.get()
    assert (message.outcome, message.reason, message.text, message.sentences) == (
        Outcome.ABSTAINED,
        "blocked",
        "",
        [],
    )
    assert not message.citations.exists()
    assert "draft" not in deltas(events)


def test_passages_with_a_blocked_topic_stay_out_of_the_prompt(run: Run, admin: User) -> None:
    rule_on(admin, Kind.BLOCK, patterns=[r"code\s+name"], in_question=False, in_answer=True)
    generator = FakeGenerator(PROVED)
    events = run(generator=generator)
    assert not generator.prompts
    assert "Falcon" not in str([event.data for event in events])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_redaction_holds_in_prompt_deltas_sentences_quotes_and_record(
    run: Run, admin: User, size: int
) -> None:
    rule = rule_on(
        admin, Kind.REDACTION, personal=["email", "phone"], in_question=True, in_sources=True, in_answer=True
    )
    said = f"{PROVED} {CONTACT}"
    generator = FakeGenerator(*(said[i : i + size] for i in range(0, len(said), size)))
    events = run(question=f"{QUESTION} I am me@home.example", generator=generator)
    done = events[-1].data
    told = str([event.data for event in events if event.name != "done"]) + str(
        {key: value for key, value in done.items() if key not in ("question", "standalone_question")}
    )
    prompt = str(generator.prompts)
    for secret in ("max.muster", "1234567", "example.com"):
        assert secret not in told and secret not in prompt
    assert "home.example" not in prompt
    assert "███" in prompt and "███" in deltas(events)
    stored = Message.objects.get()
    assert "max.muster" not in str(stored.sentences) + str(
        list(stored.passages.values()) + list(stored.citations.values())
    )
    [citation] = done["citations"][:1]
    assert TEXT[citation["start"] : citation["end"]] == citation["quote"], "spans keep their places"
    places = {firing.place: firing.counts for firing in Firing.objects.filter(rule=rule)}
    assert places["sources"]["email"] == 1 and places["question"] == {"email": 1}


def test_redaction_of_the_answer_alone_is_the_same_for_every_cut(run: Run, admin: User) -> None:
    rule_on(
        admin,
        Kind.REDACTION,
        personal=["email", "phone"],
        patterns=["falcon"],
        in_sources=True,
        in_answer=True,
    )
    whole = run(CONTACT)[-1].data["text"]
    for cut in range(0, len(CONTACT), 5):
        assert run(CONTACT[:cut], CONTACT[cut:])[-1].data["text"] == whole


def test_notice_is_added_where_words_sources_or_collections_match(
    run: Run, admin: User, collection: Collection
) -> None:
    rule_on(admin, Kind.NOTICE, words=["return"], text="By **question**.")
    rule_on(admin, Kind.NOTICE, words=["falcon"], in_question=False, in_sources=True, text="By sources.")
    last = rule_on(admin, Kind.NOTICE, collections=[collection.pk], text="By collection.")
    rule_on(admin, Kind.NOTICE, words=["visa"], text="Not due.")
    done = run(PROVED)[-1].data
    notices = [sentence["text"] for sentence in done["sentences"] if sentence.get("notice")]
    assert notices == ["By **question**.", "By sources.", "By collection."]
    assert done["text"].endswith("By collection.")
    assert "<strong>question</strong>" in done["sentences"][1]["html"]
    move_rule(admin, last, up=True)
    move_rule(admin, last, up=True)
    assert next(s["text"] for s in run(PROVED)[-1].data["sentences"] if s.get("notice")) == "By collection."


def test_notice_comes_with_quotes_and_with_an_answer_that_was_stopped(
    run: Run, admin: User, search: WordEncoder, teammate: User
) -> None:
    rule_on(admin, Kind.NOTICE, words=["return"], text="Ask legal.")
    quoted = run("It rains on the moon.")[-1].data
    assert quoted["sentences"][0]["quoted"]
    assert quoted["text"].endswith("Ask legal.")

    async def read_a_little() -> None:
        events = answer(Ask(teammate, QUESTION), FakeGenerator(f"{PROVED} Next", " and", " more"))
        async for event in events:
            if event.name == "sentence":
                break
        await events.aclose()

    async_to_sync(read_a_little)()
    stopped = Message.objects.get(outcome=Outcome.STOPPED)
    assert stopped.text.endswith("Ask legal.")


def test_abstention_bears_no_notice(run: Run, admin: User) -> None:
    rule_on(admin, Kind.NOTICE, words=["return"], text="Ask legal.")
    assert run("The documents do not say.")[-1].data["text"] == ""


@pytest.mark.parametrize(
    ("excepted", "member", "blocked"),
    [(False, True, True), (False, False, False), (True, True, False), (True, False, True)],
)
def test_rule_binds_its_groups_or_all_but_them(
    run: Run, admin: User, teammate: User, excepted: bool, member: bool, blocked: bool
) -> None:
    group = Group.objects.create(name="HR")
    if member:
        teammate.groups.add(group)
    rule_on(admin, Kind.BLOCK, words=["return"], groups=["HR"], groups_excepted=excepted)
    assert (run(PROVED)[-1].data["reason"] == "blocked") == blocked


def test_rule_for_other_collections_does_not_hold(run: Run, admin: User) -> None:
    other = Collection.objects.create(name="Other", slug="other")
    rule_on(admin, Kind.BLOCK, words=["return"], collections=[other.pk])
    assert run(PROVED)[-1].data["text"].startswith("Customers")


@pytest.mark.parametrize("on", ["collection", "document"])
def test_labelled_passages_reach_only_the_named_groups(
    run: Run, admin: User, teammate: User, collection: Collection, document: Document, on: str
) -> None:
    """Case 3, for a label within a collection that may be read."""
    group = Group.objects.create(name="Board")
    label = create_label(admin, "confidential")
    before = run(PROVED)[-1].data
    if on == "collection":
        label_collection(admin, label, collection, borne=True)
    else:
        label_document(admin, label, collection, "returns.md", borne=True)
    assert run(PROVED)[-1].data["text"], "a label of which no rule speaks is only a mark"
    rule_on(admin, Kind.LABEL, label="confidential", groups=["Board"])
    generator = FakeGenerator(PROVED)
    events = run(generator=generator)
    assert not generator.prompts
    assert "14 days" not in str([event.data for event in events])
    assert search_body(teammate, QUESTION, None, 5)["hits"] == []
    withheld = answer_object(Message.objects.get(pk=before["id"]), teammate)
    assert withheld["withheld"] and "14 days" not in str(withheld)
    assert Firing.objects.filter(kind="label").exists()

    teammate.groups.add(group)
    assert "14 days" in run(PROVED)[-1].data["text"]
    assert search_body(teammate, QUESTION, None, 5)["hits"]
    group.delete()
    assert not run(PROVED)[-1].data["text"], "without its group, nobody gets it"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Kind.BLOCK, {"words": ["unheard of"]}),
        (Kind.NOTICE, {"words": ["unheard of"], "text": "Note."}),
        (Kind.REDACTION, {"personal": ["iban"]}),
    ],
)
@pytest.mark.parametrize(
    "broken", [{"patterns": ["(unclosed"]}, {"patterns": 7}, {"words": None, "personal": ["?"]}]
)
def test_rule_that_cannot_be_evaluated_blocks(
    run: Run, admin: User, kind: Kind, fields: dict[str, Any], broken: dict[str, Any]
) -> None:
    rule = rule_on(admin, kind, **fields)
    assert run(PROVED)[-1].data["text"].startswith("Customers")
    Rule.objects.filter(pk=rule.pk).update(
        **{key: value if value is not None else [7] for key, value in broken.items()}
    )
    bump()
    generator = FakeGenerator(PROVED)
    done = run(generator=generator)[-1].data
    assert (done["reason"], done["text"], done["rule"]["id"]) == ("blocked", "", rule.pk)
    assert done["rule"]["message"] == BrokenRuleError.default_message
    assert not generator.prompts
    assert Firing.objects.filter(place="broken", rule=rule).exists()
    switch_off(admin, Rule.objects.get(pk=rule.pk))
    assert run(PROVED)[-1].data["text"].startswith("Customers")


def test_rules_that_cannot_be_read_let_nothing_through(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def down() -> Any:
        raise DatabaseError("gone")

    monkeypatch.setattr(active, "_revision", down)
    generator = FakeGenerator(PROVED)
    with pytest.raises(DatabaseError):
        run(generator=generator)
    assert not generator.prompts


def test_rules_without_a_revision_are_read_each_time(run: Run, admin: User) -> None:
    RuleRevision.objects.all().delete()
    rule = rule_on(admin, Kind.BLOCK, words=["return"])
    RuleRevision.objects.all().delete()
    assert run(PROVED)[-1].data["reason"] == "blocked"
    Rule.objects.filter(pk=rule.pk).update(state="tried")
    assert run(PROVED)[-1].data["reason"] == ""


def test_without_rules_the_raw_text_streams_unchanged(run: Run) -> None:
    events = run("Customers may ret", "urn a product within 14 days of delivery. [1]")
    assert next(event.data["text"] for event in events if event.name == "delta") == "Customers may ret"
    assert not Firing.objects.exists()
