"""The passage encoder, against the plain float32 loop of sentence-transformers on the same texts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings

from ingest.chunking import chunk_document
from ingest.parsers import detect
from ingest.pipeline import contextual
from kb.conf import BUILT_IN, config
from kb.quality.datasets import EvalDocument
from kb.search.engine.encoder import load_encoder, model_folder
from kb.search.engine.encoder_openvino import precisions
from kb.search.engine.tokens import Tokens, load_tokens
from tests.performance.corpus import corpus
from tests.performance.result import Result, compared

_ROUNDS = 3
_TEXTS = 320
_AT_ONCE = 64  # as a worker does
_BARE_BATCH = 32
_SETTLE_S = 1.0


def run(names: Sequence[str]) -> list[Result]:
    """The sides take turns by rounds; the first round warms both up."""
    texts = _chunk_texts(load_tokens(model_folder(BUILT_IN)))
    encoder = load_encoder(BUILT_IN, "cpu", settings.DATA_DIR / "models")
    bare = _bare()
    ours: list[float] = []
    plain: list[float] = []
    for at in range(_ROUNDS + 1):
        one = _rate(encoder.embed_passages, texts, _AT_ONCE)
        time.sleep(_SETTLE_S)
        other = _rate(bare, texts, _BARE_BATCH)
        time.sleep(_SETTLE_S)
        if at:
            ours.append(one)
            plain.append(other)
    target = ">= 2.5" if "bf16" in precisions() else ">= 2.2"
    return [compared(names[0], target, f"chunks/s, {len(texts)} chunks, {encoder.backend}", ours, plain)]


def _chunk_texts(tokens: Tokens) -> list[str]:
    """The corpus' chunks as they are embedded; of many, evenly spaced ones."""
    texts = [text for document in corpus().documents for text in _chunks(document, tokens)]
    return texts[:: max(1, len(texts) // _TEXTS)][:_TEXTS]


def _chunks(document: EvalDocument, tokens: Tokens) -> list[str]:
    if document.path is None:
        return []
    parsed = detect(document.path, document.path.name).parse(document.path)
    spans = chunk_document(parsed, tokens.starts(parsed.text), config.chunk_tokens)
    title = parsed.title or document.path.stem
    return [contextual(title, span.heading_path, parsed.text[span.start : span.end]) for span in spans]


def _rate(encode: Callable[[Sequence[str]], Any], texts: Sequence[str], at_once: int) -> float:
    """Chunks per second."""
    started = time.perf_counter()
    for at in range(0, len(texts), at_once):
        encode(texts[at : at + at_once])
    return len(texts) / (time.perf_counter() - started)


def _bare() -> Callable[[Sequence[str]], Any]:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(model_folder(BUILT_IN)), device="cpu")
    return lambda texts: model.encode(
        list(texts), batch_size=_BARE_BATCH, normalize_embeddings=True, show_progress_bar=False
    )
