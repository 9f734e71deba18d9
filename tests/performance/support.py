"""What checking adds: the time to check an answer's sentences, over the time of writing them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import httpx

from kb.quality.planting.plant import passages_in
from kb.rag.prompt import build_messages
from kb.rag.sentences import SentenceStream
from kb.rag.support import check_sentence
from kb.rag.types import Passage
from tests.llm.process import Process
from tests.performance.corpus import corpus_folder
from tests.performance.readers import model_folder
from tests.performance.result import CannotRunError, Result, compared

_KEY = "of the benchmark"
_ANSWERS = 12
_PASSAGES = 5
_PASSAGE_CHARS = 900
_ANSWER_TOKENS = 120


def run(names: Sequence[str]) -> list[Result]:
    """Each question is about five passages that no check has read before: nothing is remembered of them."""
    texts = passages_in(corpus_folder())
    checks: list[float] = []
    writing: list[float] = []
    with model_folder() as data_dir:
        server = Process(data_dir, KB_LLM_API_KEY=_KEY)
        try:
            server.until("ok")
            for at in range(min(_ANSWERS + 1, len(texts) // _PASSAGES)):
                shown = list(_shown(texts[at * _PASSAGES : (at + 1) * _PASSAGES]))
                answer, written_s = _written(server.url, shown)
                checked_s, sentences = _checked(answer, shown)
                if at and sentences:  # the first answer warms up
                    checks.append(checked_s * 1000 / sentences)
                    writing.append(written_s * 1000 / sentences)
        finally:
            server.kill()
    if not checks:
        raise CannotRunError("The model wrote no sentence.")
    unit = "ms for each sentence, checking / writing"
    return [compared("support_overhead", "<= 0.10", unit, checks, writing)]


def _shown(texts: Sequence[str]) -> Iterator[Passage]:
    for number, text in enumerate(texts, 1):
        cut = text[:_PASSAGE_CHARS]
        yield replace(_EMPTY, n=number, chunk_id=number, text=cut, end=len(cut))


_EMPTY = Passage(
    n=0, chunk_id=0, document_id=0, document_title="Handbook", version=1, text="", start=0, end=0
)


def _written(url: str, shown: Sequence[Passage]) -> tuple[str, float]:
    """The answer, and the seconds from its first word to its last."""
    question = "What must one know about this? Answer in several sentences."
    body = {
        "messages": list(build_messages(question, shown)),
        "max_tokens": _ANSWER_TOKENS,
        "temperature": 0,
        "stream": True,
    }
    words: list[str] = []
    times: list[float] = []
    headers = {"Authorization": f"Bearer {_KEY}"}
    with (
        httpx.Client(base_url=url, headers=headers, timeout=600, trust_env=False) as client,
        client.stream("POST", "/v1/chat/completions", json=body) as response,
    ):
        response.raise_for_status()
        for line in response.iter_lines():
            choices = json.loads(line[6:]).get("choices") if line.startswith("data: {") else None
            if choices and (piece := choices[0]["delta"].get("content")):
                words.append(piece)
                times.append(time.perf_counter())
    return "".join(words), (times[-1] - times[0] if times else 0.0)


def _checked(answer: str, shown: Sequence[Passage]) -> tuple[float, int]:
    """Seconds to cut and check the answer, and how many sentences it has."""
    started = time.perf_counter()
    stream = SentenceStream()
    sentences = [*stream.feed(answer), *stream.close()]
    for sentence in sentences:
        check_sentence(sentence.text, sentence.markers, shown)
    return time.perf_counter() - started, len(sentences)
