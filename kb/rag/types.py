"""What travels between the stages of an answer. Spans are [start, end) in characters of the document text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Passage:
    """A chunk, or several neighbouring ones, as shown to the model and to the reader.

    Attributes:
        n: the number, from 1, that the model and the reader know it by.
        text: exactly ``document_text[start:end]``.
        cosine: inner product of the normalised embeddings; None when the dense index did not see it.
        bm25: score of the lexical index; None when it did not match.
        lead: what stands above the text in the document and is needed to read it (the header row of a table
            that the text is cut from); shown to the model, not a part of the span.
        language: of its document, as ISO 639-1; empty where nobody can tell.
        vouched: a manager looked at what was flagged in it and allowed it.
    """

    n: int
    chunk_id: int
    document_id: int
    document_title: str
    version: int
    text: str
    start: int
    end: int
    page_start: int | None = None
    page_end: int | None = None
    heading_path: tuple[str, ...] = ()
    cosine: float | None = None
    bm25: float | None = None
    rrf_score: float = 0.0
    lead: str = ""
    vouched: bool = False
    language: str = ""


@dataclass(frozen=True)
class Quote:
    """The words of a passage that prove a sentence: ``document_text[start:end] == quote``."""

    n: int
    start: int
    end: int
    quote: str


@dataclass(frozen=True)
class Verdict:
    """Whether the program could match a sentence to a passage.

    Attributes:
        supported: every exact item of the sentence is in one passage, and its words align with a span.
        quotes: the proving spans, best first; empty when not supported.
        reason: why not, in a stable word such as ``number_not_in_source``; empty when supported.
        coverage: the weighted share of the sentence's content in the proving or else the nearest words.
        by: ``model`` when the rules left it open and a model decided (`kb.rag.second_look`); else empty.
    """

    supported: bool
    quotes: tuple[Quote, ...] = ()
    reason: str = ""
    coverage: float = 0.0
    by: str = ""
