"""Search through REST (hybrid, filtered by permission), against encode plus exact FAISS in one process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from typing import Any

import numpy as np
import numpy.typing as npt
from django.conf import settings

from kb.quality.deployment import Deployment, throw_away_deployment
from kb.quality.rest import RestClient, rest_client
from kb.search.engine.encoder import model_folder
from tests.performance.corpus import corpus
from tests.performance.result import Result, compared

_LIMIT = 10
_ROUNDS = 3
_SETTLE_S = 1.0
_QUESTIONS = 30
_LARGE = 100_000
_SEARCHERS = 16
_SEARCHES = 320
_GROW_S = 900

_SMALL_NAME, _LARGE_NAME, _MANY_NAME = "search_vs_bare_handbook", "search_vs_bare", "search_16_over_1"
_Search = Callable[[str], Any]


def run(names: Sequence[str]) -> list[Result]:
    """First over the corpus as it is, then grown to 100,000 chunks."""
    data = corpus()
    questions = [question.text for question in data.questions][:_QUESTIONS]
    results = []
    with throw_away_deployment(with_llm=False) as deployment, rest_client(deployment) as client:
        client.upload_all(data.documents)
        bare = Bare()
        if _SMALL_NAME in names:
            results.append(_against_bare(_SMALL_NAME, "<= 1.5", deployment, client, bare, questions))
        if {_LARGE_NAME, _MANY_NAME} & set(names):
            _grow(deployment)
        if _LARGE_NAME in names:
            results.append(_against_bare(_LARGE_NAME, "<= 1.0", deployment, client, bare, questions))
        if _MANY_NAME in names:
            results.append(_many_over_one(client, questions))
    return results


class Bare:
    """The plain way: sentence-transformers in float32, and FAISS over all vectors."""

    def __init__(self) -> None:
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(str(model_folder("built-in")), device="cpu")
        self._index: Any = None

    def hold(self, vectors: npt.NDArray[np.float32]) -> None:
        import faiss

        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(vectors)

    def search(self, question: str) -> None:
        vector = self._model.encode([question], normalize_embeddings=True, show_progress_bar=False)
        self._index.search(np.asarray(vector, np.float32), _LIMIT)


def _against_bare(
    name: str, target: str, deployment: Deployment, client: RestClient, bare: Bare, questions: Sequence[str]
) -> Result:
    """The sides take turns by rounds: otherwise the threads of one would spin while the other runs."""
    vectors = vectors_of(deployment)
    bare.hold(vectors)
    ours: list[float] = []
    plain: list[float] = []
    for at in range(_ROUNDS + 1):
        one = _timed(lambda text: client.search(text, _LIMIT), questions)
        time.sleep(_SETTLE_S)
        other = _timed(bare.search, questions)
        time.sleep(_SETTLE_S)
        if at:  # the first round warms both up
            ours += one
            plain += other
    return compared(name, target, f"ms p50, {len(vectors)} chunks", ours, plain)


def _many_over_one(client: RestClient, questions: Sequence[str]) -> Result:
    """Searches per second by sixteen at once over one after the other."""
    one: list[float] = []
    many: list[float] = []
    for at in range(_ROUNDS + 1):
        rates = [_rate(client, questions, searchers) for searchers in (1, _SEARCHERS)]
        if at:
            one.append(rates[0])
            many.append(rates[1])
    return compared(_MANY_NAME, ">= 1.6", f"searches/s, {_SEARCHERS} searchers / 1", many, one)


def _rate(client: RestClient, questions: Sequence[str], searchers: int) -> float:
    asked = list(islice(cycle(questions), _SEARCHES))
    started = time.perf_counter()
    with ThreadPoolExecutor(searchers) as pool:
        list(pool.map(lambda text: client.search(text, _LIMIT), asked))
    return len(asked) / (time.perf_counter() - started)


def _grow(deployment: Deployment) -> None:
    """Make it 100,000 chunks, and wait until all of them are searched."""
    command = [sys.executable, "-m", "tests.performance.grow", str(_LARGE)]
    environment = dict(deployment.environment)
    subprocess.run(command, env=environment, cwd=settings.BASE_DIR, check=True, timeout=_GROW_S)
    until = time.monotonic() + _GROW_S
    while True:
        try:
            deployment.manage("check_index")
        except subprocess.CalledProcessError:
            if time.monotonic() > until:
                raise
            time.sleep(_SETTLE_S)
        else:
            return


def vectors_of(deployment: Deployment) -> npt.NDArray[np.float32]:
    """float32 [n, dimension]: what the installation searches."""
    import sqlite3

    with sqlite3.connect(f"file:{deployment.data_dir / 'kb.sqlite3'}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT vector FROM search_embedding ORDER BY chunk_id").fetchall()
    return np.stack([np.frombuffer(vector, "<f2") for (vector,) in rows]).astype(np.float32)


def _timed(search: _Search, questions: Sequence[str]) -> list[float]:
    """Milliseconds of each."""
    taken = []
    for question in questions:
        started = time.perf_counter()
        search(question)
        taken.append((time.perf_counter() - started) * 1000)
    return taken
