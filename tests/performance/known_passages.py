"""Time to the first token where all passages are known, but not in this combination."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from typing import Any

import httpx

from kb.quality.datasets import EvalDocument
from kb.rag.prompt import build_messages
from kb.rag.types import Passage
from kb.secrets import internal_token
from tests.llm.process import Process
from tests.performance.corpus import corpus
from tests.performance.readers import model_folder
from tests.performance.result import CannotRunError, Result, compared

_ROUNDS = 8
_PASSAGES = 5
# As long as a chunk; together with instructions and examples about 1,400 tokens.
_CHARACTERS = 900
_NAME = "ttft_known_passages_over_cold"


def run(names: Sequence[str]) -> list[Result]:
    """Both sides take turns, in one server. Cold prompts hold passages that were never sent before; the
    instructions before them are known to both sides, as in a server that has answered anything."""
    with model_folder() as folder:
        server = Process(folder, KB_LLM_API_KEY=internal_token(), KB_LLM_KNOWN_PASSAGES="on")
        try:
            server.until("ok")
            known, cold = _measure(server)
        finally:
            server.kill()
    unit = f"ms, {_PASSAGES} known passages in a new order and combination / {_PASSAGES} new ones"
    return [compared(_NAME, "<= 0.10", unit, known, cold)]


def _measure(server: Process) -> tuple[list[float], list[float]]:
    fresh = iter(_stretches((_ROUNDS + 3) * _PASSAGES))
    chance = random.Random(0)
    pool = [next(fresh) for _ in range(2 * _PASSAGES)]
    known: list[float] = []
    cold: list[float] = []
    with httpx.Client(base_url=server.url, headers=server.headers, timeout=600) as client:
        for half in (pool[:_PASSAGES], pool[_PASSAGES:]):
            _first_token(client, half, "What is this about?", marked=True)
        for at in range(_ROUNDS + 1):
            question = f"What do people have to do in case {at}?"
            new = [next(fresh) for _ in range(_PASSAGES)]
            sides = (
                _first_token(client, new, question, marked=False),
                _first_token(client, chance.sample(pool, _PASSAGES), question, marked=True),
            )
            if at:  # the first round warms up
                cold.append(sides[0])
                known.append(sides[1])
    return known, cold


def _stretches(count: int) -> list[tuple[str, str]]:
    """Titles and texts, none of them twice."""
    texts = [(document.id, _text(document)) for document in corpus().documents]
    found = [
        (title, text[start : start + _CHARACTERS])
        for title, text in texts
        for start in range(0, len(text) - _CHARACTERS, _CHARACTERS)
    ]
    if len(found) < count:
        raise CannotRunError(f"The documents hold {len(found)} stretches of text, and {count} are needed.")
    return found[:count]


def _text(document: EvalDocument) -> str:
    if document.path is None:
        return document.text
    return document.path.read_text() if document.path.suffix in (".md", ".txt") else ""


def _first_token(
    client: httpx.Client, texts: Sequence[tuple[str, str]], question: str, *, marked: bool
) -> float:
    """Milliseconds."""
    passages = [_passage(n, title, text) for n, (title, text) in enumerate(texts, 1)]
    messages = build_messages(question, passages, known_passages=marked)
    body: dict[str, Any] = {"messages": messages, "max_tokens": 4, "stream": True}
    started = time.perf_counter()
    with client.stream("POST", "/v1/chat/completions", json=body) as response:
        response.raise_for_status()
        for line in response.iter_lines():
            if line.startswith("data: {") and json.loads(line[6:])["choices"][0]["delta"].get("content"):
                return (time.perf_counter() - started) * 1000
    raise CannotRunError("The model server sent no token.")


def _passage(n: int, title: str, text: str) -> Passage:
    return Passage(
        n=n, chunk_id=n, document_id=n, document_title=title, version=1, text=text, start=0, end=len(text)
    )
