"""python -m tests.performance.grow CHUNKS: multiply the documents of an installation, for measuring at size.

Run in the installation's own environment. Each new chunk is made of two that are there: half of the words of
each, and the mean of their vectors with a little noise. So words and vectors are spread as in real text, no
two chunks are alike, and nothing has to be embedded.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import django
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from kb.library.models import Document

_CHUNKS_PER_DOCUMENT = 12
_DOCUMENTS_AT_ONCE = 100
_NOISE = 0.02  # per dimension; a normalised vector of 384 dimensions has 0.05 per dimension
_SEED = 11


@dataclass(frozen=True)
class Material:
    """What there is: texts, titles and vectors, float32 [n, dimension], of all chunks."""

    texts: list[str]
    titles: list[str]
    vectors: npt.NDArray[np.float32]


def main(wanted: int) -> None:
    """Add documents to the first collection until there are this many chunks."""
    from kb.library.models import Chunk, Document
    from kb.search.models import IndexGeneration

    generation = IndexGeneration.objects.get(serving=True)
    pattern = Document.objects.filter(status="ready").order_by("pk")[0]
    material = _material(generation.pk)
    rng = np.random.default_rng(_SEED)
    missing = wanted - Chunk.objects.count()
    for number in range(0, missing, _CHUNKS_PER_DOCUMENT * _DOCUMENTS_AT_ONCE):
        left = min(missing - number, _CHUNKS_PER_DOCUMENT * _DOCUMENTS_AT_ONCE)
        _add_documents(generation, pattern, material, rng, left)


def _material(generation_id: int) -> Material:
    from kb.search.models import Embedding

    rows = list(
        Embedding.objects.filter(generation_id=generation_id)
        .order_by("chunk_id")
        .values_list("chunk__text", "chunk__document__title", "vector")
    )
    vectors = np.stack([np.frombuffer(bytes(vector), "<f2") for _, _, vector in rows]).astype(np.float32)
    return Material([text for text, _, _ in rows], [title for _, title, _ in rows], vectors)


def _mixed(
    material: Material, rng: np.random.Generator, count: int
) -> tuple[list[str], list[str], npt.NDArray[np.float16]]:
    """Texts, titles and float16 vectors [count, dimension] of new chunks."""
    first, second = rng.integers(0, len(material.texts), (2, count))
    mixed = material.vectors[first] + material.vectors[second]
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    mixed += _NOISE * rng.standard_normal(mixed.shape, np.float32)
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    texts = []
    for one, other in zip(first, second, strict=True):
        words, others = material.texts[one].split(), material.texts[other].split()
        texts.append(" ".join([*words[: len(words) // 2 + 1], *others[len(others) // 2 :]]))
    return texts, [material.titles[one] for one in first], mixed.astype("<f2")


def _add_documents(generation: object, pattern: object, material: Material, rng: object, count: int) -> None:
    from django.db import transaction

    from kb.library.models import Chunk, Document
    from kb.search import log
    from kb.search.models import Embedding, IndexGeneration, Operation

    assert isinstance(generation, IndexGeneration)
    assert isinstance(pattern, Document)
    assert isinstance(rng, np.random.Generator)
    texts, titles, vectors = _mixed(material, rng, count)
    with transaction.atomic():
        documents = Document.objects.bulk_create(_documents(pattern, rng, titles[::_CHUNKS_PER_DOCUMENT]))
        chunks = Chunk.objects.bulk_create(
            Chunk(
                document=documents[at // _CHUNKS_PER_DOCUMENT],
                ordinal=at % _CHUNKS_PER_DOCUMENT,
                start=0,
                end=len(text),
                text=text,
                tokens=200,
            )
            for at, text in enumerate(texts)
        )
        Embedding.objects.bulk_create(
            Embedding(chunk=chunk, generation=generation, vector=vector.tobytes())
            for chunk, vector in zip(chunks, vectors, strict=True)
        )
        log.append(generation, Operation.PUBLISH, [document.pk for document in documents])


def _documents(pattern: Document, rng: np.random.Generator, titles: list[str]) -> list[Document]:
    from django.utils import timezone

    now = timezone.now()
    return [
        type(pattern)(
            collection_id=pattern.collection_id,
            external_id=f"grown/{rng.integers(2**62)}",
            version=1,
            title=title,
            file_name="grown.md",
            stored_file=f"grown-{rng.integers(2**62)}",
            sha256=f"{rng.integers(2**62):064x}",
            size_bytes=1,
            status="ready",
            ready_at=now,
            created_by_id=pattern.created_by_id,
        )
        for title in titles
    ]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kb.settings")
    django.setup()
    main(int(sys.argv[1]))
