"""What is searchable now, as the database says. The index is made from nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from kb.search.engine.types import Row
from kb.search.models import Embedding

_FETCH = 500  # rows in memory at a time


@dataclass(frozen=True)
class LiveDocument:
    document_id: int
    collection_id: int
    rows: list[Row]


def live_embeddings(generation_id: int) -> QuerySet[Embedding]:
    """Vectors of the chunks that may be found.

    The library is a layer above, so its names appear here as words; `kb.library.access.searchable_chunks`
    asks for the same.
    """
    return _live().filter(generation_id=generation_id)


def _live() -> QuerySet[Embedding]:
    return Embedding.objects.filter(
        chunk__document__status="ready",
        chunk__document__superseded_at=None,
        chunk__document__deleted_at=None,
    )


def live_documents(generation_id: int, document_ids: Sequence[int]) -> Iterator[LiveDocument]:
    """Of these documents the live ones with their rows, by ascending id: one query, read as it is used."""
    columns = (
        "chunk__document_id",
        "chunk__document__collection_id",
        "chunk_id",
        "vector",
        "chunk__document__title",
        "chunk__heading_path",
        "chunk__text",
    )
    found = (
        live_embeddings(generation_id)
        .filter(chunk__document_id__in=document_ids)
        .order_by("chunk__document_id", "chunk__ordinal")
        .values_list(*columns)
    )
    for (document_id, collection_id), group in itertools.groupby(
        found.iterator(chunk_size=_FETCH), key=lambda values: values[:2]
    ):
        yield LiveDocument(document_id, collection_id, [_row(*values[2:]) for values in group])


def live_document_ids(generation_id: int) -> list[int]:
    """All of them, ascending."""
    ids = live_embeddings(generation_id).order_by("chunk__document_id")
    return list(ids.values_list("chunk__document_id", flat=True).distinct())


def live_chunk_ids(generation_id: int) -> set[int]:
    return set(live_embeddings(generation_id).values_list("chunk_id", flat=True).iterator(chunk_size=10_000))


def live_texts(chunk_ids: Sequence[int], collections: frozenset[int] | None) -> dict[int, str]:
    """What a person would read of these chunks: title and headings, and the text below.

    Args:
        collections: chunks of others are left out; None for all.
    """
    found = _live().filter(chunk_id__in=chunk_ids)
    if collections is not None:
        found = found.filter(chunk__document__collection_id__in=collections)
    columns = ("chunk_id", "chunk__document__title", "chunk__heading_path", "chunk__text")
    return {
        chunk_id: "\n".join((" › ".join(dict.fromkeys((title, *heading_path))), text))
        for chunk_id, title, heading_path, text in found.values_list(*columns)
    }


def _row(chunk_id: int, vector: bytes, title: str, heading_path: list[str], text: str) -> Row:
    # PostgreSQL's driver gives a memoryview.
    return Row(chunk_id, bytes(vector), title=title, headings=" ".join(heading_path), body=text)
