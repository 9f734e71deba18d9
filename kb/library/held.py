"""The flagged passages of a document, as its page shows them."""

from __future__ import annotations

from dataclasses import dataclass

from kb.library.flags import WORDS, flags_of, latest_reviews
from kb.library.models import Chunk, ChunkReview, Document
from kb.library.veil import Veil, cover_chunks
from kb.rag.hidden_characters import spelled_out

_EXCERPTS = 3
_EXCERPT_CHARS = 300
_MOST = 50  # a page of them is enough to see what a document is


@dataclass(frozen=True)
class HeldPassage:
    """A flagged chunk: why in words, the words it was flagged for, and the last decision about it."""

    chunk: Chunk
    words: str
    excerpts: list[str]
    review: ChunkReview | None


def held_passages(document: Document, veil: Veil) -> list[HeldPassage]:
    """In the order of the text, as the reader may see them; at most fifty."""
    chunks = list(document.chunks.exclude(flags=[]).order_by("ordinal")[:_MOST])
    reviews = latest_reviews(document, chunks) if chunks else {}
    cover_chunks(veil, document.collection_id, chunks)
    return [_passage(chunk, reviews.get(chunk.pk)) for chunk in chunks]


def _passage(chunk: Chunk, review: ChunkReview | None) -> HeldPassage:
    flags = flags_of(chunk)
    reasons = dict.fromkeys(WORDS[flag.reason] for flag in flags)
    # Invisible characters are spelled out: a manager decides about what the model would read.
    excerpts = dict.fromkeys(
        spelled_out(chunk.text[flag.start : flag.end][:_EXCERPT_CHARS]) for flag in flags if flag.end
    )
    return HeldPassage(chunk, ", and ".join(reasons), list(excerpts)[:_EXCERPTS], review)
