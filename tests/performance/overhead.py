"""What the product adds to a model that costs nothing: to the first token, and to many streams at once."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
from django.conf import settings

from kb.quality.deployment import Deployment, throw_away_deployment
from kb.quality.rest import rest_client
from tests.performance.corpus import corpus
from tests.performance.result import CannotRunError, Result, compared
from tests.performance.search import Bare, vectors_of

_ONE, _FIFTY = "answer_overhead_1", "answer_overhead_50"
_TOTAL, _PACE = "sse_200_total_over_ideal", "sse_200_pace_over_ideal"
_TOKENS, _EVERY_MS = 50, 20.0
_ROUNDS = 3
_READERS = 200
_SETTLE_S = 1.0
_QUESTIONS = 20
_STARTED_S = 30.0


def run(names: Sequence[str]) -> list[Result]:
    """All in one installation with the model's words 20 ms apart."""
    data = corpus()
    questions = [question.text for question in data.questions if question.answerable][:_QUESTIONS]
    with (
        _costless_model() as url,
        throw_away_deployment(with_llm=True, KB_LLM_URL=f"{url}/v1") as deployment,
        rest_client(deployment) as client,
    ):
        client.upload_all(data.documents)
        asker = _Asker(deployment, client.collection, questions)
        results = []
        if {_ONE, _FIFTY} & set(names):
            bare = Bare()
            bare.hold(vectors_of(deployment))
            results += _first_tokens(asker, bare, questions)
        if {_TOTAL, _PACE} & set(names):
            results += _streams(asker)
    return [result for result in results if result.name in names]


def _first_tokens(asker: _Asker, bare: Bare, questions: Sequence[str]) -> list[Result]:
    """The sides take turns by rounds, as threads of one spin while the other runs."""
    one: list[float] = []
    fifty: list[float] = []
    plain: list[float] = []
    for at in range(_ROUNDS + 1):
        alone = [first_ms for number in range(_QUESTIONS) for first_ms, _ in asker.ask(1, number)]
        together = [first_ms for first_ms, _ in asker.ask(50)]
        time.sleep(_SETTLE_S)
        timed = [_timed(bare, question) for question in questions]
        time.sleep(_SETTLE_S)
        if at:  # the first round warms all of them up
            one.append(statistics.median(alone))
            fifty.append(statistics.median(together))
            plain.append(statistics.median(timed))
    unit = "ms p50 to the first token, {} / encode and exact FAISS"
    return [
        compared(_ONE, "", unit.format("one reader"), one, plain),
        compared(_FIFTY, "", unit.format("fifty readers at once"), fifty, plain),
    ]


def _streams(asker: _Asker) -> list[Result]:
    """The whole time holds two hundred searches; the pace is that of the words alone."""
    totals: list[float] = []
    paces: list[float] = []
    for at in range(_ROUNDS + 1):
        taken = asker.ask(_READERS)
        if at:
            totals.append(max(last_ms for _, last_ms in taken))
            paces.append(statistics.median(last_ms - first_ms for first_ms, last_ms in taken))
    unit = f"ms {{}}, {_READERS} streams of {_TOKENS} tokens {_EVERY_MS:g} ms apart / ideal"
    whole, words = _TOKENS * _EVERY_MS, (_TOKENS - 1) * _EVERY_MS
    return [
        compared(_TOTAL, "", unit.format("from asking to the last token of all"), totals, [whole] * _ROUNDS),
        compared(_PACE, "", unit.format("from first to last token, median"), paces, [words] * _ROUNDS),
    ]


def _timed(bare: Bare, question: str) -> float:
    started_s = time.perf_counter()
    bare.search(question)
    return (time.perf_counter() - started_s) * 1000


class _Asker:
    """Asks over REST, each reader over a connection of its own."""

    def __init__(self, deployment: Deployment, collection: int, questions: Sequence[str]) -> None:
        self._deployment = deployment
        self._collection = collection
        self._questions = questions

    def ask(self, readers: int, start: int = 0) -> list[tuple[float, float]]:
        """Milliseconds from asking to the first and to the last token, of each reader.

        Args:
            start: the number of the first question. A single reader leaves after the first token.
        """
        return asyncio.run(self._ask_all(readers, start))

    async def _ask_all(self, readers: int, start: int) -> list[tuple[float, float]]:
        headers = {"Authorization": f"Bearer {self._deployment.api_key}"}
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx.AsyncClient(
            base_url=self._deployment.url, headers=headers, timeout=600, limits=limits, trust_env=False
        ) as http:
            asked = (self._ask(http, start + at, leaves=readers == 1) for at in range(readers))
            return list(await asyncio.gather(*asked))

    async def _ask(self, http: httpx.AsyncClient, number: int, *, leaves: bool) -> tuple[float, float]:
        question = self._questions[number % len(self._questions)]
        body = {"question": question, "collections": [self._collection], "stream": True}
        words_s = []
        started_s = time.perf_counter()
        async with http.stream("POST", "/api/v1/answers/", json=body) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                if line == "event: delta":
                    words_s.append(time.perf_counter())
                    if leaves:
                        break
        if not words_s:
            raise CannotRunError(f"No token came for {question!r}.")
        return (words_s[0] - started_s) * 1000, (words_s[-1] - started_s) * 1000


@contextmanager
def _costless_model() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.performance.costless_model", str(_TOKENS), str(_EVERY_MS)],
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        _until_there(url)
        yield url
    finally:
        process.kill()
        process.communicate()


def _until_there(url: str) -> None:
    until_s = time.monotonic() + _STARTED_S
    while time.monotonic() < until_s:
        try:
            httpx.get(f"{url}/health", trust_env=False)
        except httpx.ConnectError:
            time.sleep(0.05)
        else:
            return
    raise CannotRunError("The model that costs nothing did not start.")
