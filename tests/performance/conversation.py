"""Time to the first token at the twentieth turn of a conversation over the second."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence

import httpx

from kb.quality.deployment import throw_away_deployment
from kb.quality.rest import rest_client
from tests.performance.corpus import corpus
from tests.performance.readers import KEY, model_server
from tests.performance.result import CannotRunError, Result, compared

_TURNS = 20
_EARLY, _LATE = 2, 20
_ROUNDS = 2


def run(names: Sequence[str]) -> list[Result]:
    """Each question is asked at both places, in two conversations with a model server started anew."""
    data = corpus()
    questions = [question.text for question in data.questions if question.answerable][:_TURNS]
    if len(questions) < _TURNS:
        raise CannotRunError(f"The documents come with fewer than {_TURNS} questions.")
    early: list[float] = []
    late: list[float] = []
    with (
        model_server() as server,
        throw_away_deployment(with_llm=True, KB_LLM_URL=f"{server.url}/v1", KB_LLM_API_KEY=KEY) as deployment,
        rest_client(deployment) as client,
    ):
        client.upload_all(data.documents)
        headers = {"Authorization": f"Bearer {deployment.api_key}"}
        with httpx.Client(base_url=deployment.url, headers=headers, timeout=600, trust_env=False) as http:
            for order in _orders(questions):
                server.restart()
                taken = _converse(http, client.collection, order)
                early.append(taken[_EARLY - 1])
                late.append(taken[_LATE - 1])
    unit = f"ms through REST, turn {_LATE} of a conversation / turn {_EARLY}"
    return [compared("ttft_turn20_over_turn2", "<= 1.3", unit, late, early)]


def _orders(questions: Sequence[str]) -> Iterator[list[str]]:
    """In pairs: the second has the early question late and the late one early."""
    for at in range(_ROUNDS):
        order = [*questions[at:], *questions[:at]]
        yield order
        order[_EARLY - 1], order[_LATE - 1] = order[_LATE - 1], order[_EARLY - 1]
        yield order


def _converse(http: httpx.Client, collection: int, questions: Sequence[str]) -> list[float]:
    """Milliseconds to the first word of each turn's answer; an answer is read to its end."""
    taken = []
    conversation = None
    for question in questions:
        body = {"question": question, "collections": [collection], "stream": True}
        body |= {"conversation": conversation} if conversation else {}
        started_s = time.perf_counter()
        first_ms = 0.0
        with http.stream("POST", "/api/v1/answers/", json=body) as response:
            event = ""
            for line in response.iter_lines():
                event = line.removeprefix("event: ") if line.startswith("event: ") else event
                if event in ("delta", "abstained") and not first_ms:
                    first_ms = (time.perf_counter() - started_s) * 1000
                if event == "retrieval" and line.startswith("data: "):
                    conversation = json.loads(line[6:])["conversation"]
        taken.append(first_ms)
    return taken
