"""The statements of a passage: its sentences, each read together with what it hangs on.

A list item continues the words above the list, a table row the header row; neither can be checked without
them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from kb.rag.blocks import Block, Segment
from kb.rag.instructions import find_instructions
from kb.rag.links import is_only_links
from kb.rag.reading import Reading, read
from kb.rag.sentences import split_segments
from kb.rag.struck import cut, struck_spans, without_struck
from kb.rag.types import Passage
from kb.rag.wordlists import ANAPHORS, ASKING
from kb.rag.words import content_stems, plain, stem, tokens

_SEPARATOR = re.compile(r"\s*\n[ \t]*\|?[ \t]*:?-[-:| \t]*(?:\n|\Z)")
_LONGEST_LEAD = 400
_HASHES = re.compile(r"\s*#{0,6}")
_OPEN_TASK = re.compile(r"\[ \]\s")


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of a passage at ``passage.text[start:end]``.

    Attributes:
        begin: where its bullet or hashes stand, equal to ``start`` where it has none.
        reading: of the sentence with the list's opening or the table's header before it.
        words: stems of all its content words; `stems` leaves out those of numbers with their units, dates
            and the like, which are compared exactly.
        context: stems of the title and of the headings above.
        headings: above it, outermost first, as they read; the title is not among them.
        cells: of a table's row, plain; none where it has not as many as the header.
        columns: the heads of these cells.
        lead: index of the statement that the reading begins with, or None.
        points_back: begins with a word such as "they", so that it speaks of what the sentence before speaks
            of.
        states: it says something by itself. A heading names a subject, a question asks, and a link that
            stands alone or below a heading says what can be read elsewhere. What is struck out is no longer
            said, and the words behind an empty box are not yet true.
        is_open: stands behind an empty box, which is a part of its words, or below such an item.
        speaks_to_model: it is, or stands beside, an instruction to a language model: what it says proves
            nothing, and it is never quoted.
    """

    begin: int
    start: int
    end: int
    block: Block
    reading: Reading
    stems: frozenset[str]
    words: frozenset[str]
    context: tuple[str, ...]
    headings: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    lead: int | None = None
    points_back: bool = False
    states: bool = True
    is_open: bool = False
    speaks_to_model: bool = False

    @property
    def around(self) -> frozenset[str]:
        """Stems of every word that may name the unit of its numbers: its own and those of the headings."""
        return frozenset(stem(token) for token in self.reading.all_tokens) | frozenset(self.context)


@lru_cache(maxsize=64)
def statements_of(passage: Passage) -> tuple[Statement, ...]:
    """The statements of a passage in order."""
    return _Reader(passage).run()


class _Reader:
    """Walks a passage's sentences and remembers headings, the open list and the open table."""

    def __init__(self, passage: Passage) -> None:
        self._text = passage.text
        self._struck = struck_spans(passage.text)
        self._title = passage.document_title
        self._above = [without_struck(heading) for heading in passage.heading_path]
        self._headings: list[tuple[int, str]] = []
        self._found: list[Statement] = []
        self._words: list[str] = []
        self._items: list[tuple[int, int]] = []
        self._header: list[str] = []
        self._header_at: int | None = None
        self._lead = passage.lead
        self._instructions = () if passage.vouched else _instructions(passage.text)

    def run(self) -> tuple[Statement, ...]:
        last: Block | None = None
        for segment in split_segments(self._text):
            if segment.block == "row":
                self._row(segment, last)
            elif segment.block == "li" and segment.starts_block:
                self._item(segment, last)
            else:
                self._plain(segment)
            last = segment.block
        return tuple(self._found)

    def _plain(self, segment: Segment) -> None:
        words = self._own(segment)
        if segment.block == "h":
            level = len(_HASHES.match(self._text, segment.start).group())  # type: ignore[union-attr]
            self._headings = [*((at, above) for at, above in self._headings if at < level), (level, words)]
        self._add(segment, words, None)

    def _item(self, segment: Segment, last: Block | None) -> None:
        if last != "li":
            opens = bool(self._found) and (last == "h" or self._words[-1].rstrip().endswith(":"))
            self._items = [(-1, len(self._found) - 1)] if opens else []
        while self._items and self._items[-1][0] >= segment.indent:
            self._items.pop()
        lead = self._items[-1][1] if self._items else None
        self._items.append((segment.indent, len(self._found)))
        own = self._own(segment)
        outer = self._lead if not self._found or (lead is None and self._found[-1].block == "li") else ""
        above = (self._words[lead] if lead is not None else outer).rstrip().rstrip(":")[-_LONGEST_LEAD:]
        self._add(segment, f"{above} {own}" if above else own, lead)

    def _row(self, segment: Segment, last: Block | None) -> None:
        cells = _cells(self._own(segment))
        if last != "row":
            headed = _SEPARATOR.match(self._text, segment.body_end) is not None
            self._header = cells if headed else _cells("" if self._found else self._lead)
            self._header_at = len(self._found) if headed else None
            if headed:
                self._add(segment, "; ".join(cells), None)
                return
        if len(self._header) == len(cells) > 1:
            heads = [f"{self._header[0]} {self._header[1]}", *self._header[2:]]
            pairs = [f"{cells[0]} {head} {cell}" for head, cell in zip(heads, cells[1:], strict=True)]
            self._add(segment, "; ".join(pairs), self._header_at, cells)
        else:
            self._add(segment, "; ".join(cells), self._header_at)

    def _own(self, segment: Segment) -> str:
        """Its words without what is struck out, which may begin or end in another sentence."""
        struck = () if segment.block == "code" else self._struck
        return cut(self._text, segment.body, segment.body_end, struck)

    def _add(self, segment: Segment, words: str, lead: int | None, cells: Sequence[str] = ()) -> None:
        reading = read(words)
        headings = tuple(map(plain, [*self._above, *(heading for _, heading in self._headings)]))
        is_open = segment.block == "li" and self._is_open(segment, lead)
        first = reading.all_tokens[0] if reading.all_tokens else ""
        self._words.append(words)
        self._found.append(
            Statement(
                begin=segment.start,
                start=segment.body,
                end=segment.body_end,
                block=segment.block,
                reading=reading,
                stems=frozenset(reading.stems),
                words=frozenset(content_stems(reading.text)),
                context=tuple(stem(token) for token in tokens(plain(" ".join([self._title, *headings])))),
                headings=headings,
                cells=tuple(map(plain, cells)),
                columns=tuple(map(plain, self._header if cells else ())),
                lead=lead,
                points_back=first in ANAPHORS,
                states=not is_open and self._states(segment, words, lead),
                is_open=is_open,
                speaks_to_model=any(
                    start < segment.body_end and segment.start < end for start, end in self._instructions
                ),
            )
        )

    def _states(self, segment: Segment, words: str, lead: int | None) -> bool:
        if segment.block == "h" or words.rstrip().endswith("?"):
            return False
        own = self._own(segment)
        at, end = segment.body, segment.body_end
        if (tokens(self._text[at:end]) and not tokens(own)) or self._is_cut(at) or self._is_cut(end):
            return False
        if segment.block == "row" or not is_only_links(own):
            return True
        if lead is not None:
            return self._found[lead].states
        return words != own and not is_only_links(self._lead)

    def _is_cut(self, border: int) -> bool:
        """Whether what is struck out goes on beyond a border: its signs would be parted in a quotation."""
        return any(start < border < end for start, end in self._struck)

    def _is_open(self, segment: Segment, lead: int | None) -> bool:
        """Whether an item is not done: by its own box, or that of what it hangs on or goes on from."""
        if _OPEN_TASK.match(self._text, segment.body):
            return True
        if not segment.starts_block:
            return bool(self._found) and self._found[-1].is_open
        ticked = self._text[segment.start : segment.body].rstrip().endswith("]")
        return not ticked and lead is not None and self._found[lead].is_open


def _instructions(text: str) -> tuple[tuple[int, int], ...]:
    """Spans of instructions to a model, each to the end of its paragraph: what follows may be its content."""
    found = []
    for finding in find_instructions(text):
        end = text.find("\n\n", finding.end)
        found.append((finding.start, end if end >= 0 else len(text)))
    return tuple(found)


def _cells(row: str) -> list[str]:
    stripped = row.strip().removeprefix("|")
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", stripped.removesuffix("|"))] if stripped else []


def question_stems(question: str) -> tuple[str, ...]:
    """Content stems of a question, each once, in order, those that only ask ("allowed") left out."""
    stems = tuple(dict.fromkeys(content_stems(plain(question))))
    return tuple(item for item in stems if item not in _ASKING) or stems


_ASKING = frozenset(stem(word) for word in ASKING)
