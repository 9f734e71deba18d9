"""Finding chunks for a person: the search server proposes, the database decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from kb.conf import config
from kb.exceptions import NotFoundError
from kb.library.access import AnyUser, collection_ids_for, searchable_chunks, searchable_rows
from kb.library.filters import SearchFilters
from kb.rag.links import only_names
from kb.search.client import Hit
from kb.search.replicas import search_client

# Making objects of the models for each chunk takes as long as finding the rows.
_CHUNK = ("pk", "text", "start", "end", "page_start", "page_end", "heading_path", "withheld", "flags")
_DOCUMENT = ("pk", "title", "external_id", "version", "collection_id", "collection__name", "language")
_SHOWN = (*_CHUNK, *(f"document__{field}" for field in _DOCUMENT))
_MOST = 10_000  # hits that are looked through before giving up on finding enough readable ones


@dataclass(frozen=True)
class FoundDocument:
    """What a hit tells of its document."""

    pk: int
    title: str
    external_id: str
    version: int
    collection_id: int
    collection_name: str
    language: str


@dataclass(frozen=True)
class FoundChunk:
    """A chunk that the person may read, with the scores it was found by; spans and flags as in `Chunk`."""

    hit: Hit
    document: FoundDocument
    pk: int
    text: str
    start: int
    end: int
    page_start: int | None
    page_end: int | None
    heading_path: Sequence[str]
    withheld: bool
    flags: Sequence[Sequence[str | int]]


@dataclass(frozen=True)
class Found:
    """Chunks, best first, and milliseconds by step.

    Attributes:
        held: for a prompt, those that would have been among them, and are withheld from the model.
    """

    chunks: list[FoundChunk]
    timings_ms: dict[str, float]
    held: list[FoundChunk] = field(default_factory=list)


def allowed_collections(user: AnyUser, wanted: Sequence[int] | None) -> list[int]:
    """Ids of the collections to search: those asked for, or all that this person may read.

    Raises:
        NotFoundError: one of those asked for does not exist for this person.
    """
    allowed = collection_ids_for(user)
    if not wanted:
        return allowed
    if not set(wanted) <= set(allowed):
        raise NotFoundError("There is no such collection, or you may not read it.")
    return sorted(set(wanted))


def search_chunks(
    user: AnyUser,
    query: str,
    wanted: Sequence[int] | None,
    limit: int,
    keep: Callable[[FoundDocument, str], bool] | None = None,
    *,
    for_prompt: bool = False,
    filters: SearchFilters | None = None,
) -> Found:
    """The best `limit` chunks for a query.

    For a prompt, those that are withheld from the model are left out, and those that say nothing by
    themselves: a table of contents has the words of every question and the answer to none.

    The index may still hold what was deleted or revoked a moment ago, so more is fetched than wanted, and
    again more when too little survives the join with the database.

    Args:
        keep: given a chunk's document and text, whether it may be among them; asked best first, and of no
            more chunks than are needed.
        filters: only documents for which they hold. The database applies them to at most the best 10,000.

    Raises:
        NotFoundError: an unknown collection. SearchUnavailableError: the search server is down.
    """
    collections = allowed_collections(user, wanted)
    if not collections:
        return Found([], {})
    asked = limit + max(5, limit // 2)
    while True:
        asked = min(asked, _MOST)
        reply = search_client().search(query, collections, asked, max(config.candidates, asked))
        found = _kept(_readable(user, reply.hits, for_prompt, filters), limit, keep)
        if len(found) >= limit or len(reply.hits) < asked or asked == _MOST:
            held = _held(user, reply.hits, found[:limit], limit, keep, filters) if for_prompt else []
            return Found(found[:limit], reply.timings_ms, held)
        asked *= 4


def _kept(
    found: list[FoundChunk], limit: int, keep: Callable[[FoundDocument, str], bool] | None
) -> list[FoundChunk]:
    if keep is None:
        return found
    return list(islice((item for item in found if keep(item.document, item.text)), limit))


def _held(
    user: AnyUser,
    hits: Sequence[Hit],
    found: Sequence[FoundChunk],
    limit: int,
    keep: Callable[[FoundDocument, str], bool] | None,
    filters: SearchFilters | None,
) -> list[FoundChunk]:
    """Of the hits as good as those found, the ones that this person may read and the model may not."""
    taken = {item.pk for item in found}
    places = [place for place, hit in enumerate(hits) if hit.chunk_id in taken]
    last = places[-1] if len(found) == limit else len(hits)
    left_out = [hit for hit in hits[:last] if hit.chunk_id not in taken]
    # With filters most of them are left out for these.
    readable = _readable(user, left_out if filters else left_out[:limit], for_prompt=False, filters=filters)
    return [item for item in readable if item.withheld and (keep is None or keep(item.document, item.text))]


def _readable(
    user: AnyUser, hits: Sequence[Hit], for_prompt: bool, filters: SearchFilters | None = None
) -> list[FoundChunk]:
    """The hits that this person may read now, in the same order."""
    chunk_ids = [hit.chunk_id for hit in hits]
    if filters is None:
        found = searchable_rows(user, chunk_ids, _SHOWN, for_prompt=for_prompt)
    else:
        chunks = searchable_chunks(user, chunk_ids, for_prompt=for_prompt).filter(filters.condition())
        found = list(chunks.order_by().values_list(*_SHOWN))
    rows = {row[0]: row for row in found}
    split = len(_CHUNK)
    return [
        FoundChunk(hit, FoundDocument(*row[split:]), *row[:split])
        for hit in hits
        if (row := rows.get(hit.chunk_id)) is not None and not (for_prompt and only_names(row[1]))
    ]
