"""Time to the first token of an answer: cold, with the same context again, and for a second question.

Cold is a model server that was started anew: what earlier prompts left in its cache would help otherwise.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import httpx
from django.conf import settings

from kb.chat.lookup import estimate_tokens
from kb.conf import config
from kb.quality.deployment import Deployment, throw_away_deployment
from kb.quality.rest import RestClient, rest_client
from kb.rag.passages import trim_to_budget
from kb.rag.prompt import Message, build_messages
from kb.rag.types import Passage
from tests.performance.corpus import corpus
from tests.performance.readers import KEY, ModelServer, model_server
from tests.performance.result import CannotRunError, Result, compared

_PAIRS = 5
_AGAIN = 3
_TARGETS = {
    "ttft_cold_vs_raw": "<= 1.1",
    "ttft_warm_over_cold": "<= 0.05",
    "ttft_second_question_over_cold": "",
    "answer_again_over_cold": "",
}
_UNITS = {
    "ttft_cold_vs_raw": "ms, the model server, started anew / llama_decode of the same tokens",
    "ttft_warm_over_cold": "ms at the model server, the same prompt again / the first time",
    "ttft_second_question_over_cold": "ms through REST, another question / the first after a start",
    "answer_again_over_cold": "ms through REST, the same question again / the first after a start",
}
Raw = subprocess.Popen[str]


def run(names: Sequence[str]) -> list[Result]:
    """The sides take turns: each question is a round of all that is measured."""
    data = corpus()
    questions = [question.text for question in data.questions if question.answerable][: 2 * _PAIRS]
    taken: dict[str, list[float]] = {name: [] for name in ("cold", "warm", "raw", "first", "again", "second")}
    with (
        model_server() as server,
        throw_away_deployment(with_llm=True, KB_LLM_URL=f"{server.url}/v1", KB_LLM_API_KEY=KEY) as deployment,
        rest_client(deployment) as client,
        _raw_prompts() as raw,
    ):
        client.upload_all(data.documents)
        product = Product(deployment, client.collection)
        product.first_token(questions[-1])  # loads everything once
        for question, other in zip(questions[::2], questions[1::2], strict=True):
            server.restart()
            taken["first"].append(product.first_token(question))
            taken["again"].append(product.first_token(question))
            taken["second"].append(product.first_token(other))
            messages = prompt_of(client, question)
            server.restart()
            taken["cold"].append(_first_token(server, messages))
            taken["warm"].append(statistics.median(_first_token(server, messages) for _ in range(_AGAIN)))
            taken["raw"].append(_raw_first_token(raw, messages))
    return [result for result in _results(taken) if result.name in names]


def _results(taken: Mapping[str, Sequence[float]]) -> Iterator[Result]:
    sides = {
        "ttft_cold_vs_raw": ("cold", "raw"),
        "ttft_warm_over_cold": ("warm", "cold"),
        "ttft_second_question_over_cold": ("second", "first"),
        "answer_again_over_cold": ("again", "first"),
    }
    for name, (ours, other) in sides.items():
        yield compared(name, _TARGETS[name], _UNITS[name], taken[ours], taken[other])


class Product:
    """Asks over REST and measures on the outside."""

    def __init__(self, deployment: Deployment, collection: int) -> None:
        self._collection = collection
        headers = {"Authorization": f"Bearer {deployment.api_key}"}
        self._http = httpx.Client(base_url=deployment.url, headers=headers, timeout=600, trust_env=False)

    def first_token(self, question: str) -> float:
        """Milliseconds from sending the question to its first delta; the rest is not waited for."""
        body = {"question": question, "collections": [self._collection], "stream": True}
        started_s = time.perf_counter()
        with self._http.stream("POST", "/api/v1/answers/", json=body) as response:
            for line in response.iter_lines():
                if line == "event: delta":
                    return (time.perf_counter() - started_s) * 1000
        raise CannotRunError(f"No token came for {question!r}: it abstained before the model.")


def prompt_of(client: RestClient, question: str) -> list[Message]:
    """The messages for the passages that a search finds, as an answer makes them."""
    passages = [
        Passage(
            n=n,
            chunk_id=hit["chunk_id"],
            document_id=hit["document"]["id"],
            document_title=hit["document"]["title"],
            version=hit["document"]["version"],
            text=hit["text"],
            start=0,
            end=len(hit["text"]),
            heading_path=tuple(hit["heading_path"]),
        )
        for n, hit in enumerate(client.search(question, config.passages), start=1)
    ]
    trimmed = trim_to_budget(passages, config.passage_tokens, estimate_tokens, question)
    return build_messages(question, trimmed)


def _first_token(server: ModelServer, messages: Sequence[Message]) -> float:
    """Milliseconds at the model server, over a connection of its own.

    Reads to the end: the next prompt must not wait for the last batch of an answer that nobody wants.
    """
    body = {"messages": messages, "max_tokens": 4, "temperature": 0, "stream": True}
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=600, trust_env=False) as http:
        http.get("/health")  # connects
        started_s, first_ms = time.perf_counter(), 0.0
        with http.stream("POST", "/v1/chat/completions", json=body) as response:
            for line in response.iter_lines():
                if not first_ms and _has_words(line):
                    first_ms = (time.perf_counter() - started_s) * 1000
    if not first_ms:
        raise CannotRunError("The model server sent no token.")
    return first_ms


def _has_words(line: str) -> bool:
    return line.startswith("data: {") and bool(json.loads(line[6:])["choices"][0]["delta"].get("content"))


@contextmanager
def _raw_prompts() -> Iterator[Raw]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.performance.raw_prompt"],
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        _line_from(process)
        yield process
    finally:
        process.kill()
        process.communicate()


def _raw_first_token(process: Raw, messages: Sequence[Message]) -> float:
    assert process.stdin is not None
    process.stdin.write(json.dumps(messages) + "\n")
    process.stdin.flush()
    return float(json.loads(_line_from(process))["ms"])


def _line_from(process: Raw) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise CannotRunError("The bare loop over llama_decode has ended by itself.")
    return line
