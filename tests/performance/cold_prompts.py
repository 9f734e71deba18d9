"""Eight questions with passages of which nothing is cached: all at once, and one after the other."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence

import httpx

from kb.rag.prompt import SYSTEM, Message
from tests.performance.corpus import corpus
from tests.performance.readers import Answer, client_of, model_server, read
from tests.performance.result import Result, compared

_READERS = 8
_ROUNDS = 3
_ANSWER_TOKENS = 32
# About a thousand tokens, as many as an ordinary question has.
_PASSAGE_WORDS = 700
_TOTAL, _MEDIAN = "cold_prompts_8_over_1", "cold_prompts_median_first_token"


def run(names: Sequence[str]) -> list[Result]:
    """The sides take turns, in one server with its default settings."""
    with model_server() as server:
        results = asyncio.run(_measure(server.url))
    return [result for result in results if result.name in names]


async def _measure(url: str) -> list[Result]:
    rates: dict[str, list[float]] = {"at once": [], "in turn": []}
    medians: dict[str, list[float]] = {"at once": [], "in turn": []}
    async with client_of(url) as client:
        for at in range(_ROUNDS):
            for side, asked in (("at once", _at_once), ("in turn", _in_turn)):
                prompts = [_prompt(at * _READERS + reader, side) for reader in range(_READERS)]
                started_s = time.perf_counter()
                answers = await asked(client, prompts)
                words = [word_s for answer in answers for word_s in answer.words_s]
                rates[side].append(_READERS / (max(words) - started_s))
                firsts = [answer.words_s[0] - started_s for answer in answers]
                medians[side].append(statistics.median(firsts))
    rate_unit = f"answers/s with their cold prompts, {_READERS} at once / one after the other"
    first_unit = f"s from asking to first token, median of {_READERS}, at once / one after the other"
    return [
        compared(_TOTAL, ">= 0.95", rate_unit, rates["at once"], rates["in turn"]),
        compared(_MEDIAN, "<= 1.0", first_unit, medians["at once"], medians["in turn"]),
    ]


async def _at_once(client: httpx.AsyncClient, prompts: Sequence[list[Message]]) -> list[Answer]:
    return list(await asyncio.gather(*(read(client, prompt, _ANSWER_TOKENS) for prompt in prompts)))


async def _in_turn(client: httpx.AsyncClient, prompts: Sequence[list[Message]]) -> list[Answer]:
    return [await read(client, prompt, _ANSWER_TOKENS) for prompt in prompts]


def _prompt(number: int, side: str) -> list[Message]:
    """Different from its first words on, so that nothing of another one can be used."""
    documents = corpus().documents
    document = documents[number % len(documents)]
    text = document.path.read_text(errors="replace") if document.path else document.text
    words = [word for word in text.split() if word.isalpha()]
    passages = f"[1] {document.title}\n" + " ".join((words * _PASSAGE_WORDS)[:_PASSAGE_WORDS])
    system = {"role": "system", "content": f"{number} {side}. {SYSTEM}"}
    return [
        system,
        {"role": "user", "content": f"{passages}\n\nQuestion: Tell everything that is said here."},
    ]
