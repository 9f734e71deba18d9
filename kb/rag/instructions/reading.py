"""Text as the detector reads it: without invisible characters and look-alike letters, cut into windows.

An instruction may stand in one sentence or be spread over two; so each sentence is judged alone and together
with the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

TAGS_BEGIN, TAGS_END = 0xE0020, 0xE007E
_TAG_OFFSET = 0xE0000
_NOTHING = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e001f\U000e007f\U000e0100-\U000e01ef]"
)
_TAG = re.compile(f"[{chr(TAGS_BEGIN)}-{chr(TAGS_END)}]")
# Letters of other alphabets that look like Latin ones, full-width forms, and typographic quotation marks.
_LOOK_ALIKES = dict(
    zip(
        map(ord, "АВЕЅІЈКМНОРСТХУасеѕіјһорхуԁѵԛԝɡΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανι\u2019\u2018\u201c\u201d\u00a0"),
        "ABESIJKMHOPCTXYacesijhopxydvqwgABEZHIKMNOPTYXoavi''\"\" ",
        strict=True,
    )
) | {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_STRANGE = re.compile(f"[{re.escape(''.join(map(chr, _LOOK_ALIKES)))}]")
_END = re.compile(r"\n+|(?<=[.!?])[\"')\]\u201d]?[ \t]+(?=\S)")
_LONGEST_PAIR = 500
# A line without an end would be one window, in which everything stands beside everything.
_LONGEST = 600


@dataclass(frozen=True)
class Clear:
    """A text without tricks.

    Attributes:
        text: what a model reads in it: hidden tag characters are letters here.
        places: for each character its place in the original; None when nothing moved.
    """

    text: str
    places: Sequence[int] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span [start, end), not empty, in the original text."""
        if self.places is None:
            return start, end
        return self.places[start], self.places[end - 1] + 1


def clear(text: str) -> Clear:
    """Undo what hides words from a pattern and not from a model."""
    folded = text.translate(_LOOK_ALIKES) if _STRANGE.search(text) else text
    if not _NOTHING.search(folded) and not _TAG.search(folded):
        return Clear(folded)
    kept = [
        (chr(ord(character) - _TAG_OFFSET) if _TAG.match(character) else character, place)
        for place, character in enumerate(folded)
        if not _NOTHING.match(character)
    ]
    return Clear("".join(character for character, _ in kept), [place for _, place in kept])


def windows(text: str) -> Iterator[tuple[int, int]]:
    """Spans of single sentences and lines, and of each with its follower."""
    before: tuple[int, int] | None = None
    for start, end in _sentences(text):
        yield start, end
        if before is not None and end - before[0] <= _LONGEST_PAIR:
            yield before[0], end
        before = start, end


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for match in _END.finditer(text):
        yield from _pieces(text, at, match.start())
        at = match.end()
    yield from _pieces(text, at, len(text))


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > _LONGEST:
        cut = text.rfind(" ", start + _LONGEST // 2, start + _LONGEST)
        cut = cut if cut > 0 else start + _LONGEST
        yield start, cut
        start = cut
    if text[start:end].strip():
        yield start, end
