"""python -m tests.performance.replay_process FOLDER: write a log of documents, replay it, print seconds.

The folder holds vectors.npy and texts.json, and is the data folder of the installation in whose database the
documents are written.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kb.settings")

if TYPE_CHECKING:
    from kb.search.models import IndexGeneration

_RUNS = 3
_COLLECTIONS = 10
_BATCH = 2000
_MODEL_LIBRARIES = ("torch", "openvino", "sentence_transformers")


class NoEncoder:
    def split_share(self, text: str) -> float:
        return 0.0

    def embed_queries(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        raise RuntimeError("A replay must not compute an embedding.")


def main(folder: Path) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    vectors = np.load(folder / "vectors.npy")
    generation = _write_log(json.loads((folder / "texts.json").read_text()), vectors)
    replay_s, faiss_s = [], []
    for number in range(_RUNS):
        replay_s.append(_replay(generation, folder / f"live-{number}", len(vectors)))
        faiss_s.append(_faiss_alone(vectors))
    loaded = [name for name in _MODEL_LIBRARIES if sys.modules.get(name) is not None]
    if loaded:
        raise RuntimeError(f"A replay must not load {', '.join(loaded)}.")
    print(json.dumps({"replay_s": replay_s, "faiss_s": faiss_s}))  # noqa: T201


def _write_log(texts: list[str], vectors: npt.NDArray[np.float16]) -> IndexGeneration:
    """One document of one chunk, one event, for each text."""
    from kb.library.models import Chunk, Collection, Document, Status
    from kb.search.models import Embedding, IndexEvent, IndexGeneration, Operation

    generation = IndexGeneration.objects.create(model_id="bench@1", dimension=vectors.shape[1], serving=True)
    collections = [
        Collection.objects.create(name=f"{number}", slug=f"c{number}") for number in range(_COLLECTIONS)
    ]
    for start in range(0, len(texts), _BATCH):
        numbers = range(start, min(start + _BATCH, len(texts)))
        documents = Document.objects.bulk_create(
            Document(
                collection=collections[number % _COLLECTIONS], external_id=f"{number}", title=f"{number}",
                sha256=f"{number:064d}", size_bytes=1, status=Status.READY, chunk_count=1,
            )
            for number in numbers
        )  # fmt: skip
        chunks = Chunk.objects.bulk_create(
            Chunk(document=document, ordinal=0, start=0, end=len(texts[number]), text=texts[number], tokens=1)
            for document, number in zip(documents, numbers, strict=True)
        )
        Embedding.objects.bulk_create(
            Embedding(chunk=chunk, generation=generation, vector=vectors[number].tobytes())
            for chunk, number in zip(chunks, numbers, strict=True)
        )
        IndexEvent.objects.bulk_create(
            IndexEvent(generation=generation, operation=Operation.PUBLISH, document_id=document.pk)
            for document in documents
        )
    return generation


def _replay(generation: IndexGeneration, folder: Path, count: int) -> float:
    """Seconds from an empty engine to one that holds everything the log says."""
    from kb.search.engine.backends import make_vector_index
    from kb.search.engine.engine import SearchEngine
    from kb.search.engine.lexical import LexicalIndex
    from kb.search.tail import Position, Tailer

    started = time.perf_counter()
    engine = SearchEngine(
        NoEncoder(), make_vector_index(generation.dimension, "cpu"), LexicalIndex(folder / "lexical")
    )
    applied = Tailer(engine, generation.pk, Position()).catch_up()
    seconds = time.perf_counter() - started
    if (applied, engine.count) != (count, count):
        raise RuntimeError(f"{applied} events led to {engine.count} chunks.")
    return seconds


def _faiss_alone(vectors: npt.NDArray[np.float16]) -> float:
    import faiss

    floats = vectors.astype(np.float32)
    started = time.perf_counter()
    index: Any = faiss.IndexScalarQuantizer(
        vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    index.train(floats)
    index.add(floats)
    return time.perf_counter() - started


if __name__ == "__main__":
    main(Path(sys.argv[1]))
