"""Cutting what is too large: measuring, sentences, lines, windows, and packing into even parts."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import sentencex

from ingest.parsers.base import Block
from kb.text_parts import parts_of

Span = tuple[int, int]

# English has 4 to 5 characters per token, German 3, code 3. Beyond this many the tokenizer has given up: it
# makes one token of a word of any length that it does not know.
MAX_CHARS_PER_TOKEN = 16

# The library takes a time that grows with the square of a text without sentences.
_AT_ONCE_CHARS = 10_000


class Measure:
    """Sizes of spans of one text.

    Args:
        token_starts: ascending character offsets of the tokens.
        target: the size that a chunk should not exceed.
    """

    def __init__(self, text: str, token_starts: Sequence[int], target: int) -> None:
        self.text = text
        self.target = target
        self._starts = token_starts

    def tokens(self, start: int, end: int) -> int:
        """The number of tokens that start in [start, end)."""
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)

    def size(self, start: int, end: int) -> int:
        """Tokens, or more where a token stands for implausibly many characters."""
        return max(self.tokens(start, end), math.ceil((end - start) / MAX_CHARS_PER_TOKEN))

    def window_end(self, start: int, end: int) -> int:
        """The end of the largest span from start, not beyond end, that has the target size at most.

        One character at least, even where a tokenizer makes more tokens of it.
        """
        next_token = bisect_left(self._starts, start) + self.target
        cut = min(end, start + self.target * MAX_CHARS_PER_TOKEN)
        if next_token < len(self._starts):
            cut = min(cut, self._starts[next_token])
        return max(cut, start + 1)


def split_block(block: Block, measure: Measure) -> list[Span]:
    """Cut a block into spans of the target size at most, at the best borders that allow it.

    Rows of a table and lines of code stay whole where they fit, sentences elsewhere.
    """
    splitters: tuple[Callable[[str, int, int], Iterator[Span]], ...] = (_sentences, _lines)
    if block.kind in ("table", "code", "html"):
        splitters = (_lines, _sentences)
    spans: list[Span] = [(block.start, block.end)]
    for split in splitters:
        spans = list(_split_large(spans, split, measure))
    return [piece for span in spans for piece in _windows(*span, measure)]


def pack(spans: Sequence[Span], measure: Measure) -> Iterator[Span]:
    """Join neighbouring spans up to the target size, into parts of about the same size.

    Filling each part to the target would leave a scrap at the end, which as a chunk says little.
    """
    if not spans:
        return
    last = spans[-1][1]
    start, end = spans[0]
    aim = _even_size(start, last, measure)
    for span_start, span_end in spans[1:]:
        joined = measure.size(start, span_end)
        # Half of the span would lie beyond the aim.
        overshoots = measure.size(start, end) + joined > 2 * aim
        if joined > measure.target or overshoots:
            yield start, end
            start = span_start
            aim = _even_size(start, last, measure)
        end = span_end
    yield start, end


def _even_size(start: int, end: int, measure: Measure) -> float:
    size = measure.size(start, end)
    return size / max(1, math.ceil(size / measure.target))


def _split_large(
    spans: Iterable[Span], split: Callable[[str, int, int], Iterator[Span]], measure: Measure
) -> Iterator[Span]:
    for start, end in spans:
        if measure.size(start, end) <= measure.target:
            yield start, end
        else:
            yield from split(measure.text, start, end)


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    # Only the positions are taken from the library, so that whatever it does to the text, nothing is lost.
    cuts = {start, end}
    for at, stop in parts_of(text[start:end], _AT_ONCE_CHARS):
        found = sentencex.get_sentence_boundaries("en", text[start + at : start + stop])
        # Where a part begins, perhaps no sentence does.
        cuts |= {start + at + boundary["start_index"] for boundary in found if boundary["start_index"]}
    yield from pairwise(sorted(cut for cut in cuts if start <= cut <= end))


def _lines(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end:
        line_end = text.find("\n", start, end) + 1 or end
        yield start, line_end
        start = line_end


def _windows(start: int, end: int, measure: Measure) -> Iterator[Span]:
    while measure.size(start, end) > measure.target:
        cut = measure.window_end(start, end)
        space = measure.text.rfind(" ", start + 3 * (cut - start) // 4, cut) + 1
        if space > start:
            cut = space
        yield start, cut
        start = cut
    if start < end:
        yield start, end
