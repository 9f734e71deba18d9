"""The text of a document as it was cut: each chunk with its borders and what was found in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.utils.html import linebreaks
from django.utils.safestring import SafeString, mark_safe

from kb.library.flags import WORDS, flags_of
from kb.library.models import Chunk, Document, DocumentText, TextFormat
from kb.library.veil import Veil, cover_chunks
from kb.rag.render import render_block

_A_PAGE = 50


@dataclass(frozen=True)
class ShownPassage:
    """Attributes: number: from 1. words: why it was flagged, empty for nearly all."""

    chunk: Chunk
    number: int
    html: SafeString
    words: str


@dataclass(frozen=True)
class Passages:
    """Attributes: page: which of the document's chunks; shown: the same, made ready."""

    page: Page[Any]
    shown: list[ShownPassage]


def passages_of(document: Document, part: int, veil: Veil) -> Passages | None:
    """Fifty of them, of the wanted part (from 1), as its reader may see them; None where there are none."""
    text_format = DocumentText.objects.filter(document=document).values_list("text_format", flat=True).first()
    if text_format is None:
        return None
    page = Paginator(document.chunks.order_by("ordinal"), _A_PAGE).get_page(max(part, 1))
    chunks = list(page)
    cover_chunks(veil, document.collection_id, chunks)
    return Passages(page, [_shown(chunk, text_format) for chunk in chunks])


def _shown(chunk: Chunk, text_format: str) -> ShownPassage:
    markdown = text_format == TextFormat.MARKDOWN
    html = render_block(chunk.text) if markdown else linebreaks(chunk.text, autoescape=True)
    reasons = dict.fromkeys(WORDS[flag.reason] for flag in flags_of(chunk))
    # Both renderers escape or sanitise all of the text.
    return ShownPassage(chunk, chunk.ordinal + 1, mark_safe(html), ", and it ".join(reasons))  # noqa: S308
