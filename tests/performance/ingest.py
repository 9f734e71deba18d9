"""Ingest from upload to ready, against a bare loop that reads the files and encodes the same chunks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

from ingest.pipeline import contextual
from kb.quality.datasets import EvalDocument
from kb.quality.deployment import throw_away_deployment
from kb.quality.rest import RestClient, rest_client
from kb.search.engine.encoder import load_encoder, model_folder
from kb.search.engine.encoder_openvino import precisions
from tests.performance.corpus import corpus
from tests.performance.result import Result, compared

RUNS = 3
_BATCH = 32


_SAME, _PLAIN = "ingest_vs_bare", "ingest_shipped_vs_bare"


def run(names: Sequence[str]) -> list[Result]:
    """The sides take turns, so that a machine that slows down slows both."""
    documents = corpus().documents
    shipped = load_encoder("built-in", "cpu", settings.DATA_DIR / "models")
    reference = _sentence_transformers() if _PLAIN in names else None
    ours, same, plain = [], [], []
    for _ in range(RUNS):
        rate, texts = _whole_ingest(documents)
        ours.append(rate)
        same.append(_bare(documents, texts, shipped.embed_passages))
        if reference is not None:
            plain.append(_bare(documents, texts, reference))
    results = [compared(_SAME, ">= 0.9", "chunks/s", ours, same)]
    if reference is not None:
        target = ">= 2.5" if "bf16" in precisions() else ">= 2.0"
        results.append(compared(_PLAIN, target, "chunks/s", ours, plain))
    return [result for result in results if result.name in names]


def _whole_ingest(documents: Sequence[EvalDocument]) -> tuple[float, list[str]]:
    """Chunks per second from the first upload to the last document ready, and the texts that were encoded."""
    with throw_away_deployment(with_llm=False) as deployment, rest_client(deployment) as client:
        _warm_up(client)
        started = time.perf_counter()
        ids = client.upload_all(documents)
        seconds = time.perf_counter() - started
        texts = [text for identity in ids for text in client.chunk_texts(identity, contextual)]
    return len(texts) / seconds, texts


def _warm_up(client: RestClient) -> None:
    """The worker loads its models with the first document; the bare loop's is loaded too."""
    client.upload_all([EvalDocument("warm-up", text="The first document of a new installation. " * 3)])


def _bare(documents: Sequence[EvalDocument], texts: Sequence[str], encode: Any) -> float:
    """Chunks per second of a plain loop: read every file, then encode in batches in file order."""
    started = time.perf_counter()
    for document in documents:
        if document.path:
            Path(document.path).read_text(encoding="utf-8", errors="replace")
    for at in range(0, len(texts), _BATCH):
        encode(texts[at : at + _BATCH])
    return len(texts) / (time.perf_counter() - started)


def _sentence_transformers() -> Any:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(model_folder("built-in")), device="cpu")
    return lambda texts: model.encode(
        list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
    )
