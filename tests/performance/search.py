"""Search through REST (hybrid, filtered by permission), against encode plus exact FAISS in one process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ingest.pipeline import contextual
from kb.quality.deployment import throw_away_deployment
from kb.quality.rest import rest_client
from kb.search.engine.encoder import model_folder
from tests.performance.corpus import corpus
from tests.performance.result import Result, compared

_LIMIT = 10
_ROUNDS = 2
_SETTLE_S = 1.0
_QUESTIONS = 30


def run(names: Sequence[str]) -> list[Result]:
    """The sides take turns by rounds: otherwise the threads of one would spin while the other runs."""
    import faiss
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(model_folder("built-in")), device="cpu")
    data = corpus()
    questions = [question.text for question in data.questions][:_QUESTIONS]
    with throw_away_deployment(with_llm=False) as deployment, rest_client(deployment) as client:
        ids = client.upload_all(data.documents)
        texts = [text for identity in ids for text in client.chunk_texts(identity, contextual)]
        index = faiss.IndexFlatIP(model.get_embedding_dimension())
        index.add(
            np.asarray(model.encode(texts, normalize_embeddings=True, show_progress_bar=False), np.float32)
        )
        ours: list[float] = []
        bare: list[float] = []
        for at in range(_ROUNDS + 1):
            one = [_timed(lambda text=question: client.search(text, _LIMIT)) for question in questions]
            time.sleep(_SETTLE_S)
            other = [_timed(lambda text=question: _bare(model, index, text)) for question in questions]
            time.sleep(_SETTLE_S)
            if at:  # the first round warms both up
                ours += one
                bare += other
    return [compared("search_vs_bare", "<= 1.5", f"ms p50, {len(texts)} chunks", ours, bare)]


def _bare(model: Any, index: Any, question: str) -> None:
    vector = model.encode([question], normalize_embeddings=True, show_progress_bar=False)
    index.search(np.asarray(vector, np.float32), _LIMIT)


def _timed(call: Any) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000
