"""Guessing tokens of answers that copy: decode speed with it over without, in two servers that take turns."""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx

from kb.quality.datasets import DataSet
from kb.rag.prompt import Message, build_messages
from kb.rag.types import Passage
from tests.llm.process import Process
from tests.performance.corpus import corpus
from tests.performance.readers import model_folder
from tests.performance.result import CannotRunError, Result, compared

_KEY = "of the benchmark"
_QUESTIONS = 16
_ROUNDS = 2
_PASSAGES = 4
_PASSAGE_CHARS = 900
_ANSWER_TOKENS = 160
# Fewer words in a row that are also in the prompt are no quotation.
_QUOTED_WORDS = 8
_QUOTING, _OTHERS = "draft_speedup", "draft_speedup_elsewhere"


def run(names: Sequence[str]) -> list[Result]:
    """The model is the one of KB_LLM_MODEL, by default the built-in one."""
    prompts = list(_prompts(corpus()))[:_QUESTIONS]
    with ExitStack() as stack:
        servers = [_server(stack, draft) for draft in ("1", "0")]
        answers = asyncio.run(_ask_all(servers, prompts))
    quoting = [pair for pair in answers if pair[1].is_quoted]
    others = [pair for pair in answers if not pair[1].is_quoted]
    if not quoting:
        raise CannotRunError("No answer quotes.")
    results = [_compared(_QUOTING, ">= 1.4", quoting)]
    if others:
        results.append(_compared(_OTHERS, "", others))
    return [result for result in results if result.name in names]


@dataclass(frozen=True)
class _Answer:
    """Attributes:
    speed: tokens per second after the first.
    is_quoted: most of its words are quoted.
    """

    speed: float
    is_quoted: bool


def _compared(name: str, target: str, pairs: Sequence[tuple[_Answer, _Answer]]) -> Result:
    ours, baseline = ([pair[side].speed for pair in pairs] for side in (0, 1))
    return compared(name, target, "tokens/s of an answer, with drafts / without", ours, baseline)


def _server(stack: ExitStack, draft: str) -> Process:
    server = Process(stack.enter_context(model_folder()), KB_LLM_API_KEY=_KEY, KB_LLM_DRAFT=draft)
    stack.callback(server.kill)
    server.until("ok")
    return server


async def _ask_all(
    servers: Sequence[Process], prompts: Sequence[list[Message]]
) -> list[tuple[_Answer, _Answer]]:
    """Every question to both servers, in turns. The first question warms up."""
    pairs: list[tuple[_Answer, _Answer]] = []
    async with _client(servers[0]) as ours, _client(servers[1]) as baseline:
        for client in (ours, baseline):
            await _ask(client, prompts[0])
        for _ in range(_ROUNDS):
            for prompt in prompts:
                one, other = await _ask(ours, prompt), await _ask(baseline, prompt)
                if one and other:
                    pairs.append((one, other))
    return pairs


@asynccontextmanager
async def _client(server: Process) -> AsyncGenerator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {_KEY}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=600) as client:
        yield client


async def _ask(client: httpx.AsyncClient, messages: list[Message]) -> _Answer | None:
    """None where the answer is too short for its speed to be told."""
    body = {
        "messages": messages,
        "max_tokens": _ANSWER_TOKENS,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    text, words_s, tokens = "", [], 0
    async with client.stream("POST", "/v1/chat/completions", json=body) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            if not line.startswith("data: {"):
                continue
            chunk = json.loads(line[6:])
            tokens = (chunk.get("usage") or {}).get("completion_tokens", tokens)
            for choice in chunk["choices"]:
                if piece := choice["delta"].get("content"):
                    text += piece
                    words_s.append(time.perf_counter())
    if tokens < 2 * _QUOTED_WORDS:
        return None
    share = _quoted(text, messages[-1]["content"])
    return _Answer((tokens - 1) / (words_s[-1] - words_s[0]), share > 0.5)


def _quoted(answer: str, prompt: str) -> float:
    """The share of the answer's words that stand in a row of eight that is also in the prompt."""
    said, given = answer.split(), prompt.split()
    known = {tuple(given[at : at + _QUOTED_WORDS]) for at in range(len(given))}
    quoted = {
        at + step
        for at in range(len(said) - _QUOTED_WORDS + 1)
        if tuple(said[at : at + _QUOTED_WORDS]) in known
        for step in range(_QUOTED_WORDS)
    }
    return len(quoted) / max(len(said), 1)


def _prompts(data: DataSet) -> Iterator[list[Message]]:
    """Real questions over the passages that share most of their rare words."""
    pieces = [
        (document.title or document.id, piece)
        for document in data.documents
        for piece in _pieces(document.text or (document.path.read_text() if document.path else ""))
    ]
    words = [_words(text) for _, text in pieces]
    frequency = Counter(word for found in words for word in found)
    for question in data.questions:
        if question.answerable:
            asked = _words(question.text)
            weights = [
                sum(math.log(len(pieces) / frequency[word]) for word in asked & found) for found in words
            ]
            best = sorted(range(len(pieces)), key=weights.__getitem__, reverse=True)[:_PASSAGES]
            passages = [
                Passage(n, n, n, pieces[at][0], 1, pieces[at][1], 0, len(pieces[at][1]))
                for n, at in enumerate(best, 1)
            ]
            yield build_messages(question.text, passages)


def _pieces(text: str) -> Iterator[str]:
    """Paragraphs, joined to about the length of a passage."""
    joined = ""
    for paragraph in re.split(r"\n\s*\n", text):
        if joined and len(joined) + len(paragraph) > _PASSAGE_CHARS:
            yield joined.strip()
            joined = ""
        joined += f"{paragraph[:_PASSAGE_CHARS]}\n\n"
    if joined.strip():
        yield joined.strip()


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w{4,}", text.lower()))
