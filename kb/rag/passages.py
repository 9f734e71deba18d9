"""Chunks made into passages: neighbours joined and numbered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kb.rag.trimming import trim_to_budget
from kb.rag.types import Passage

__all__ = ["merge_neighbours", "trim_to_budget"]


def merge_neighbours(passages: Sequence[Passage]) -> list[Passage]:
    """Join passages of one version of a document whose spans touch or overlap.

    The joined passage keeps the chunk and the scores of its best-placed part, and the place of that part.
    Passages with text between them stay apart: that text is not here, and a passage must be exactly its
    span.

    Returns:
        passages in the given order, renumbered from 1.
    """
    places = {id(passage): place for place, passage in enumerate(passages)}
    joined: list[tuple[int, Passage]] = []
    for passage in sorted(passages, key=lambda p: (p.document_id, p.version, p.start, p.end)):
        last = joined[-1][1] if joined else None
        if (
            last
            and (last.document_id, last.version) == (passage.document_id, passage.version)
            # What was vouched for must not vouch for its neighbours.
            and last.vouched == passage.vouched
            and passage.start <= last.end
        ):
            joined[-1] = _join(joined[-1], (places[id(passage)], passage))
        else:
            joined.append((places[id(passage)], passage))
    joined.sort(key=lambda item: item[0])
    return [replace(passage, n=n) for n, (_, passage) in enumerate(joined, 1)]


def _join(one: tuple[int, Passage], other: tuple[int, Passage]) -> tuple[int, Passage]:
    first, second = one[1], other[1]
    text = first.text + second.text[max(0, first.end - second.start) :]
    end = max(first.end, second.end)
    place, best = min(one, other, key=lambda item: item[0])
    pages = [
        p for p in (first.page_start, second.page_start, first.page_end, second.page_end) if p is not None
    ]
    path = tuple(a for a, b in zip(first.heading_path, second.heading_path, strict=False) if a == b)
    return place, replace(
        best,
        text=text,
        start=first.start,
        end=end,
        page_start=min(pages, default=None),
        page_end=max(pages, default=None),
        heading_path=path or first.heading_path,
        lead=first.lead,
        cosine=_larger(first.cosine, second.cosine),
        bm25=_larger(first.bm25, second.bm25),
    )


def _larger(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None]
    return max(known, default=None)
