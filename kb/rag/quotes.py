"""The words of a passage that prove a sentence, as the reader gets them."""

from __future__ import annotations

from kb.rag.types import Passage, Quote
from kb.rag.window import Window


def quotes_of(passage: Passage, window: Window) -> tuple[Quote, ...]:
    """The window's words, then the words above the list or the header row that its first statement needs."""
    first, last = window.statements[0], window.statements[-1]
    quotes = [_quote(passage, first.start, last.end)]
    if first.lead is not None:
        lead = window.everything[first.lead]
        quotes.append(_quote(passage, lead.start, lead.end))
    return tuple(quotes)


def _quote(passage: Passage, start: int, end: int) -> Quote:
    return Quote(passage.n, passage.start + start, passage.start + end, passage.text[start:end])
