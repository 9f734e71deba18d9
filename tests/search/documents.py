"""Documents as ingest leaves them in the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kb.library.models import Chunk, Document
from kb.search.models import Embedding, IndexGeneration

DIMENSION = 4

Publish = Callable[[Sequence[str]], Document]
Delete = Callable[[Document], None]


def add_chunks(document: Document, generation: IndexGeneration, texts: Sequence[str]) -> None:
    for ordinal, text in enumerate(texts):
        chunk = Chunk.objects.create(
            document=document,
            ordinal=ordinal,
            start=ordinal,
            end=ordinal + len(text),
            text=text,
            heading_path=["Trips", "Hotels"],
            tokens=1,
        )
        vector = np.eye(DIMENSION, dtype=np.float16)[ordinal % DIMENSION].tobytes()
        Embedding.objects.create(chunk=chunk, generation=generation, vector=vector)
