"""Several readers at the built-in model server at once: eight over one, and one while a long prompt comes."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Sequence

import httpx

from tests.performance.readers import Answer, client_of, model_server, rate, read
from tests.performance.result import CannotRunError, Result, compared

_READERS = 8
_ROUNDS = 4
_ANSWER_TOKENS = 64
_LONG_PROMPT_TOKENS = 2000
_BEFORE_TOKENS = 60
_TOPICS = (
    "the sea",
    "a forest",
    "an old town",
    "a long winter",
    "a lighthouse",
    "two brothers",
    "a train",
    "rain",
)
_ONE_STEP_MS = 1.0
_TOGETHER, _FIRST, _GAP = "llm_8_over_1", "llm_worst_first_token_8_over_1", "stream_gap_under_prefill"


def run(names: Sequence[str]) -> list[Result]:
    """The sides take turns, in one server with its default settings."""
    with model_server() as server:
        results = asyncio.run(_measure(server.url, names))
    return [result for result in results if result.name in names]


async def _measure(url: str, names: Sequence[str]) -> list[Result]:
    results: list[Result] = []
    async with client_of(url) as client:
        if {_TOGETHER, _FIRST} & set(names):
            results += await _together(client)
        if _GAP in names:
            results.append(await _while_a_prompt_comes(client))
    return results


async def _together(client: httpx.AsyncClient) -> list[Result]:
    one: list[list[Answer]] = []
    many: list[list[Answer]] = []
    for at in range(_ROUNDS + 1):
        # No round asks what an earlier one has asked.
        questions = [f"Write a long story about {topic} in {2000 + at}." for topic in _TOPICS]
        alone = [await read(client, f"{questions[at]} And then?", _ANSWER_TOKENS)]
        together = list(
            await asyncio.gather(*(read(client, question, _ANSWER_TOKENS) for question in questions))
        )
        if at:  # the first round warms up
            one.append(alone)
            many.append(together)
    rates = [[rate(answers) for answers in side] for side in (many, one)]
    firsts = [[max(answer.first_ms for answer in answers) for answers in side] for side in (many, one)]
    return [
        compared(_TOGETHER, ">= 1.8", f"tokens/s, {_READERS} answers at once / one", *rates),
        compared(_FIRST, "<= 5.0", f"ms to the last first token, {_READERS} at once / one", *firsts),
    ]


async def _while_a_prompt_comes(client: httpx.AsyncClient) -> Result:
    largest: list[float] = []
    usual: list[float] = []
    for at in range(_ROUNDS):
        answer = Answer(time.perf_counter())
        story = f"Write a very long story about {_TOPICS[at]}."
        reading = asyncio.create_task(read(client, story, 1500, answer))
        while len(answer.words_s) < _BEFORE_TOKENS and not reading.done():
            await asyncio.sleep(0.01)
        before = len(answer.words_s)
        words = " ".join(f"item {number:03} of list {at}," for number in range(_LONG_PROMPT_TOKENS // 10))
        await read(client, words, max_tokens=1)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        # Tokens that were guessed right come with the one before them, in no time: they part nothing.
        gaps = [(later - earlier) * 1000 for earlier, later in itertools.pairwise(answer.words_s)]
        if len(gaps) < before + 10:
            raise CannotRunError("The story ended before the long prompt had come.")
        usual.append(statistics.median(gap for gap in gaps[: before - 1] if gap > _ONE_STEP_MS))
        largest.append(max(gaps[before - 1 :]))
    unit = f"ms, largest gap while a prompt of {_LONG_PROMPT_TOKENS} tokens comes / median gap before"
    return compared(_GAP, "<= 5.0", unit, largest, usual)
