"""Answers of a form, with the real built-in model."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import jsonschema
import numpy as np
import pytest
from llama_cpp import llama_cpp as native

from kb.exceptions import InvalidInputError
from kb.llm.cores import usable_cores
from kb.llm.engine.constrained import Compiler
from kb.llm.engine.context import Context
from kb.llm.engine.model import Model
from kb.llm.engine.residents import sequences_for
from kb.llm.errors import GrammarError
from kb.llm.forms import form_of_schema, requested_form
from kb.llm.gbnf import lark_of_gbnf
from kb.llm.model_file import find_model
from kb.llm.types import Failed, Finished, Grammar, Sampling
from tests.llm.session import Session, collect, loaded
from tests.llm.ties import CELLS, SLOTS, answers, check_same_but_for_ties

YES_NO = 'root ::= "yes" | "no"'
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "tool": {"enum": ["Wayfarer", 'Other "tool"']},
        "days": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 12}, "maxItems": 3},
    },
    "required": ["tool", "days", "tags"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with loaded(find_model("built-in").path, slots=4) as engine:
        yield Session(engine)


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(find_model("built-in").path, 0, threading.Event())


def gbnf(session: Session, text: str) -> Grammar:
    return session.engine.compile(lark_of_gbnf(text))


def of_schema(session: Session, schema: Any = SCHEMA) -> Grammar:
    return session.engine.compile(form_of_schema(schema))


@pytest.mark.parametrize(
    "sampling",
    [Sampling(), Sampling(temperature=1.5, seed=3), Sampling(frequency_penalty=1.0, temperature=0.7)],
)
def test_answer_is_json_of_the_schema(session: Session, sampling: Sampling) -> None:
    constrained = Sampling(**{**vars(sampling), "grammar": of_schema(session)})
    answer = session.ask("With which tool do I book, how many days ahead?", 150, constrained)

    assert answer.end.reason == "stop"
    jsonschema.validate(json.loads(answer.text), SCHEMA)


def test_any_json_object(session: Session) -> None:
    form = requested_form({"response_format": {"type": "json_object"}})
    assert form is not None
    grammar = session.engine.compile(form)
    answer = session.ask("Where do I book? Answer as JSON, short.", 300, Sampling(grammar=grammar))
    assert answer.text.startswith("{")
    if answer.end.reason == "stop":
        assert isinstance(json.loads(answer.text), dict)


@pytest.mark.parametrize("seed", range(4))
def test_answer_is_one_of_the_words_of_a_grammar(session: Session, seed: int) -> None:
    drawn = session.ask(
        "Tell a story.", sampling=Sampling(temperature=2.0, seed=seed, grammar=gbnf(session, YES_NO))
    )
    assert (drawn.text in ("yes", "no"), drawn.end.reason) == (True, "stop")


def test_answer_outside_of_the_latin_letters_is_put_together_from_parts_of_characters(
    session: Session,
) -> None:
    """The built-in model has no tokens for these; each is several."""
    grammar = gbnf(session, 'root ::= [ก-ฮ]{3} "🦜" [一-龥]{2}')
    text = session.ask("Hello?", 60, Sampling(grammar=grammar)).text

    assert (len(text), text[3]) == (6, "🦜")


def test_stop_and_length_cut_the_answer(session: Session) -> None:
    grammar = of_schema(session)
    short = session.ask("Which tool?", 5, Sampling(grammar=grammar))
    stopped = session.ask("Which tool?", 100, Sampling(grammar=grammar, stop=('"days"',)))

    assert (short.end.reason, short.end.usage.completion_tokens) == ("length", 5)
    assert (stopped.end.reason, '"days"' in stopped.text) == ("stop", False)
    assert stopped.text.lstrip().startswith("{")
    assert stopped.text.startswith(short.text)


def test_constrained_and_free_answers_decode_together(session: Session) -> None:
    grammars = (of_schema(session), gbnf(session, YES_NO))
    together = [
        session.begin(session.prompt("Tell a story.", max_tokens=40), Sampling(grammar=grammar))[0]
        for grammar in (None, *grammars)
    ]
    _, schema, word = (collect(events) for events in together)

    assert schema.text.lstrip().startswith("{")
    assert word.text in ("yes", "no")


def test_free_answer_is_the_same_beside_constrained_ones(session: Session, model: Model) -> None:
    prompts = [session.prompt(question, max_tokens=40) for question in ("Tell a story.", "Which tool?")]
    context = Context(model, CELLS, sequences_for(SLOTS), usable_cores(), flash=True)
    try:
        samplings = [Sampling(), Sampling(grammar=of_schema(session))]
        free, _ = answers(context, model, prompts, samplings)
        (alone,) = answers(context, model, prompts[:1])
        check_same_but_for_ties(context, prompts[0], alone, free)
    finally:
        context.close()


def test_form_that_cannot_be_continued_fails_that_answer_alone(session: Session) -> None:
    """NUL is never written: it is in no text that can be stored."""
    stuck, _ = session.begin(
        session.prompt("Hello?"), Sampling(grammar=gbnf(session, r'root ::= "a" "\x00"'))
    )
    other, _ = session.begin(session.prompt("Hello?"))
    while not isinstance(event := stuck.get(timeout=60), Finished | Failed):
        pass

    assert isinstance(event, Failed)
    assert isinstance(event.error, GrammarError)
    assert collect(other).text


@pytest.mark.parametrize(
    "text",
    [
        'root ::= "a" root "b" | "a" root "c" | "a" root',
        'root ::= "x" many\nmany ::= many many many many | . | ""',
        "root ::= any root any | any root [a-c] | any\nany ::= .",
    ],
)
def test_grammar_of_many_meanings_holds_nobody_up(session: Session, text: str) -> None:
    started_s = time.process_time()
    try:
        hostile = gbnf(session, text)
    except InvalidInputError:
        return
    events, _ = session.begin(session.prompt("Hello?", max_tokens=100), Sampling(grammar=hostile))
    while not isinstance(events.get(timeout=60), Finished | Failed):
        pass
    assert time.process_time() - started_s < 40  # of all threads
    assert session.ask("Hello?").text


@pytest.mark.parametrize(
    "text",
    [
        'root ::= "yes" | "no" | "nö"',
        "root ::= [^a-z]{2,5} [😀-😿]?",
        'root ::= ("ab" | "a" root "b")+ "\\n"',
        'root ::= ( [^"] | "\\"" [a-z]* )+ "ab" | "abc"*',
    ],
)
def test_same_tokens_are_allowed_as_by_llama_cpp(model: Model, text: str) -> None:
    """Its own grammars are the measure of what GBNF means."""
    chance = random.Random(1)
    compiler = Compiler(model)
    follower = compiler.compile(lark_of_gbnf(text)).begin()
    compiler.close()
    theirs = native.llama_sampler_init_grammar(model.vocabulary, text.encode(), b"root")
    try:
        for _ in range(25):
            ours = np.flatnonzero(follower.allowed(model.vocabulary_size)).tolist()
            assert ours == allowed_by_llama_cpp(theirs, model)
            if not (going_on := [token for token in ours if not model.is_end(token)]):
                return
            token = chance.choice(going_on)
            assert follower.accepts(token)
            native.llama_sampler_accept(theirs, token)
    finally:
        native.llama_sampler_free(theirs)


def allowed_by_llama_cpp(sampler: Any, model: Model) -> list[int]:
    count = model.vocabulary_size
    data = (native.llama_token_data * count)(*((token, 0.0, 0.0) for token in range(count)))
    candidates = native.llama_token_data_array(data, count, -1, False)
    native.llama_sampler_apply(sampler, candidates)
    allowed = [one.id for one in data if one.logit == 0.0]
    # It takes markers of the chat template for text.
    return [token for token in allowed if model.piece(token) or model.is_end(token)]


def test_same_form_is_compiled_once(session: Session) -> None:
    assert of_schema(session) is of_schema(session)
