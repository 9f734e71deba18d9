"""Sentences: of an answer while it streams, and of a document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kb.rag.blocks import Block, Segment
from kb.rag.markers import marker_numbers, strip_markers
from kb.rag.scanner import Scanner


@dataclass(frozen=True)
class Sentence:
    """One sentence of an answer.

    Attributes:
        text: its Markdown without bullet, hashes, table pipes at the ends and citation markers.
        raw: what the model wrote, bullet and markers included, without the space around it.
        markers: the passages that it names, in order.
        starts_block: the first sentence of its paragraph, item, heading, table row or code block.
    """

    text: str
    raw: str
    markers: tuple[int, ...]
    block: Block
    starts_block: bool


class SentenceStream:
    """Cuts a streamed answer into sentences; every way of cutting the stream gives the same ones.

    A sentence comes out as soon as nothing that follows can change it: when the first word behind its full
    stop and its citation markers is complete. Lines that carry no words (rules, table separators) give no
    sentence.
    """

    def __init__(self) -> None:
        self._scanner = Scanner()

    def feed(self, delta: str) -> list[Sentence]:
        """Take more of the answer; return the sentences that became certain."""
        self._scanner.feed(delta)
        return self._certain(final=False)

    def close(self) -> list[Sentence]:
        """The answer is over: return what is left, a broken last sentence included."""
        return self._certain(final=True)

    def _certain(self, *, final: bool) -> list[Sentence]:
        found = []
        while segment := self._scanner.next(final):
            sentence = _sentence(self._scanner.text, segment)
            if sentence.text:
                found.append(sentence)
        return found


def split_segments(text: str) -> Iterator[Segment]:
    """The sentences of a document with their blocks, in order."""
    scanner = Scanner(text)
    while segment := scanner.next(True):
        yield segment


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Spans [start, end) of a document's sentences, without bullets, hashes and the space around them.

    List items, headings, table rows and code blocks are sentences of their own.
    """
    return [(segment.body, segment.body_end) for segment in split_segments(text)]


def _sentence(text: str, segment: Segment) -> Sentence:
    raw = text[segment.start : segment.end]
    body = text[segment.body : segment.body_end]
    if segment.block == "code":
        return Sentence(body.strip("\n"), raw, (), "code", segment.starts_block)
    words = " ".join(strip_markers(body).split())
    if segment.block == "row":
        words = words.strip("| ")
    return Sentence(words, raw, marker_numbers(body), segment.block, segment.starts_block)
