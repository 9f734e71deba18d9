"""The sources under an answer: one card a document, on it the exact words that prove a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from kb.chat.excerpts import Excerpt, excerpt_of, readable, without_headings
from kb.library.dating import FILE, STATED, UPLOADED
from kb.rag.highlights import highlights

_NEAREST_CHARS = 320
_DATED_BY = {STATED: "dated", FILE: "file of", UPLOADED: "uploaded"}


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
    dated: str
    newer: Mapping[str, Any] | None
    quotes: list[QuoteView] = field(default_factory=list)


@dataclass(frozen=True)
class Piece:
    """A stretch of a passage's text; `marked` where a word of the question stands."""

    text: str
    marked: bool


@dataclass(frozen=True)
class PassageView:
    """A passage that was read, or that came near."""

    document: Mapping[str, Any]
    url: str
    page: int | None
    heading_path: list[str]
    dated: str
    pieces: list[Piece]


@dataclass(frozen=True)
class ConflictSide:
    """What one of two sources that disagree says."""

    document: Mapping[str, Any]
    url: str
    page: int | None
    heading_path: list[str]
    dated: str
    excerpt: Excerpt


@dataclass(frozen=True)
class ConflictView:
    """Two sources that disagree; `newer` is the place of the preferred one, or None."""

    words: str
    sides: list[ConflictSide]
    newer: int | None


def sources_of(answer: Mapping[str, Any]) -> list[Source]:
    """Group the citations of an answer object by document, in the order of their numbers."""
    texts = {passage["chunk_id"]: passage["text"] for passage in answer["passages"]}
    sources: dict[int, Source] = {}
    for citation in answer["citations"]:
        document = citation["document"]
        source = sources.setdefault(
            document["id"], Source(document, date_in_words(citation), citation["newer_version"])
        )
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


def conflicts_of(answer: Mapping[str, Any]) -> list[ConflictView]:
    """Where the sources of an answer object disagree, for the page."""
    return [
        ConflictView(conflict_in_words(item), [_conflict_side(side) for side in item["sides"]], item["newer"])
        for item in answer["disagreements"]
    ]


def _conflict_side(side: Mapping[str, Any]) -> ConflictSide:
    return ConflictSide(
        document=side["document"],
        url=side["url"],
        page=side["page"],
        heading_path=_below_title(side),
        dated=date_in_words(side),
        excerpt=excerpt_of("", side["quote"]),
    )


def conflict_in_words(conflict: Mapping[str, Any]) -> str:
    """One sentence that says what each source states, and which is preferred."""
    said = [
        f"“{side['document']['title']}” ({date_in_words(side)}) says {side['value']}"
        for side in conflict["sides"]
    ]
    if conflict["newer"] is None:
        return f"{said[0]}, {said[1]}. Neither is known to be newer."
    newer = said[conflict["newer"]]
    return f"{newer}; {said[1 - conflict['newer']]}. The newer one is preferred."


def passages_of(answer: Mapping[str, Any]) -> list[PassageView]:
    """All passages of an answer object, best first, with the start of their text."""
    question = answer["standalone_question"] or answer["question"]
    return [_passage_view(passage, question) for passage in answer["passages"]]


def date_in_words(found: Mapping[str, Any]) -> str:
    """The date of a citation's or passage's document, and which date it is."""
    day = date.fromisoformat(found["dated"])
    return f"{_DATED_BY[found['dated_by']]} {day.day} {day:%b %Y}"


def _passage_view(passage: Mapping[str, Any], question: str) -> PassageView:
    words = readable(without_headings(passage["text"]))
    shown = words if len(words) <= _NEAREST_CHARS else words[:_NEAREST_CHARS].rpartition(" ")[0] + " …"
    return PassageView(
        document=passage["document"],
        url=passage["url"],
        page=passage["page_start"],
        heading_path=_below_title(passage),
        dated=date_in_words(passage),
        pieces=list(_pieces(shown, question)),
    )


def _pieces(text: str, question: str) -> Iterator[Piece]:
    at = 0
    for start, end in highlights(question, text):
        if at < start:
            yield Piece(text[at:start], marked=False)
        yield Piece(text[start:end], marked=True)
        at = end
    yield Piece(text[at:], marked=False)


def _below_title(found: Mapping[str, Any]) -> list[str]:
    """The heading path without the document's title, which the card shows already."""
    path = list(found["heading_path"])
    return path[1:] if path and path[0] == found["document"]["title"] else path
