"""Time to the first token of an answer: cold, with the same context again, and for a second question."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import httpx

from kb.quality.deployment import Deployment, throw_away_deployment
from kb.quality.rest import rest_client
from tests.performance.corpus import corpus
from tests.performance.result import CannotRunError, Result, compared

_PAIRS = 6


def run(names: Sequence[str]) -> list[Result]:
    """Questions on different documents follow each other: each finds only the system text cached."""
    data = corpus()
    questions = [question.text for question in data.questions if question.answerable][: 2 * _PAIRS]
    cold: list[float] = []
    warm: list[float] = []
    second: list[float] = []
    raw: list[float] = []
    with throw_away_deployment(with_llm=True) as deployment, rest_client(deployment) as client:
        client.upload_all(data.documents)
        asker = _Asker(deployment, client.collection)
        asker.first_token(questions[-1])  # loads everything once
        for question, other in zip(questions[::2], questions[1::2], strict=True):
            cold.append(asker.first_token(question))
            warm.append(asker.first_token(question))
            second.append(asker.first_token(other))
            raw.append(asker.bare_search_and_prompt(question))
    if not cold:
        raise CannotRunError("No question reached the model.")
    results = [
        compared("ttft_warm_over_cold", "", "ms, same question again / first time", warm, cold),
        compared("ttft_second_question_over_cold", "", "ms, another question / first time", second, cold),
        compared("ttft_cold_vs_raw", "", "ms, whole product / its own model server alone", cold, raw),
    ]
    return [result for result in results if result.name in names]


class _Asker:
    """Asks over REST and measures on the outside."""

    def __init__(self, deployment: Deployment, collection: int) -> None:
        self._collection = collection
        self._http = httpx.Client(
            base_url=deployment.url, headers={"Authorization": f"Bearer {deployment.api_key}"}, timeout=600
        )
        endpoints = json.loads((deployment.data_dir / "run" / "endpoints.json").read_text())
        self._llm = httpx.Client(
            base_url=endpoints["KB_LLM_URL"],
            headers={"Authorization": f"Bearer {endpoints['KB_LLM_API_KEY']}"},
            timeout=600,
        )

    def first_token(self, question: str) -> float:
        """Milliseconds from sending the question to its first delta."""
        body = {"question": question, "collections": [self._collection], "stream": True}
        started = time.perf_counter()
        with self._http.stream("POST", "/api/v1/answers/", json=body) as response:
            for name, _ in _events(response):
                if name == "delta":
                    return (time.perf_counter() - started) * 1000
        raise CannotRunError(f"No token came for {question!r}: it abstained before the model.")

    def bare_search_and_prompt(self, question: str) -> float:
        """Milliseconds to the model server's first token for a prompt of the same passages, not cached."""
        reply = self._http.post("/api/v1/search/", json={"query": question, "limit": 5}).json()
        passages = "\n\n".join(hit["text"] for hit in reply["hits"])
        # The first words differ from every earlier prompt, so nothing can be reused.
        messages = [{"role": "user", "content": f"{time.time_ns()}\n{passages}\n\n{question}"}]
        body = {"model": "any", "messages": messages, "max_tokens": 4, "stream": True}
        started = time.perf_counter()
        with self._llm.stream("POST", "/chat/completions", json=body) as response:
            for line in response.iter_lines():
                if '"content"' in line:
                    return (time.perf_counter() - started) * 1000
        raise CannotRunError("The model server sent no token.")


def _events(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, line
    yield "end", None
