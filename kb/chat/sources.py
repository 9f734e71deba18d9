"""The sources under an answer: one card a document, on it the exact words that prove a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kb.chat.excerpts import Excerpt, excerpt_of, readable, without_headings

_NEAREST_CHARS = 320


@dataclass(frozen=True)
class QuoteView:
    """One numbered citation."""

    n: int
    url: str
    page: int | None
    heading_path: list[str]
    excerpt: Excerpt


@dataclass
class Source:
    """A cited document version and what is quoted from it."""

    document: Mapping[str, Any]
    dated: datetime | None
    quotes: list[QuoteView] = field(default_factory=list)


@dataclass(frozen=True)
class PassageView:
    """A passage that was read, or that came near."""

    document: Mapping[str, Any]
    url: str
    page: int | None
    heading_path: list[str]
    start_of_text: str


def sources_of(answer: Mapping[str, Any], dates: Mapping[int, datetime]) -> list[Source]:
    """Group the citations of an answer object by document, in the order of their numbers.

    Args:
        answer: the contract's answer object.
        dates: document id → when that version came in.
    """
    texts = {passage["chunk_id"]: passage["text"] for passage in answer["passages"]}
    sources: dict[int, Source] = {}
    for citation in answer["citations"]:
        document = citation["document"]
        source = sources.setdefault(document["id"], Source(document, dates.get(document["id"])))
        source.quotes.append(
            QuoteView(
                n=citation["n"],
                url=citation["url"],
                page=citation["page"],
                heading_path=_below_title(citation),
                excerpt=excerpt_of(texts.get(citation["chunk_id"], ""), citation["quote"]),
            )
        )
    return list(sources.values())


def passages_of(answer: Mapping[str, Any]) -> list[PassageView]:
    """All passages of an answer object, best first, with the start of their text."""
    return [_passage_view(passage) for passage in answer["passages"]]


def _passage_view(passage: Mapping[str, Any]) -> PassageView:
    words = readable(without_headings(passage["text"]))
    shown = words if len(words) <= _NEAREST_CHARS else words[:_NEAREST_CHARS].rpartition(" ")[0] + " …"
    return PassageView(
        document=passage["document"],
        url=passage["url"],
        page=passage["page_start"],
        heading_path=_below_title(passage),
        start_of_text=shown,
    )


def _below_title(found: Mapping[str, Any]) -> list[str]:
    """The heading path without the document's title, which the card shows already."""
    path = list(found["heading_path"])
    return path[1:] if path and path[0] == found["document"]["title"] else path
