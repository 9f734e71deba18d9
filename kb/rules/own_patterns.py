"""Own patterns over a text that streams: as it is written, and as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kb.rules.folding import begun_sign, fold
from kb.rules.patterns import Match, Pattern
from kb.rules.pieces import Piece

OWN = "own pattern"
# An own pattern is looked for in windows of so many characters; a match of up to half is always found whole.
WINDOW_CHARS = 200
_STEP = WINDOW_CHARS // 2

Span = tuple[int, int]


@dataclass
class OwnPatterns:
    """Own patterns, each over what the ones before it left. One that cannot be matched raises."""

    patterns: tuple[Pattern, ...]
    stages: list[_OwnPattern] = field(init=False)

    def __post_init__(self) -> None:
        self.stages = [_OwnPattern(pattern) for pattern in self.patterns]

    def feed(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        found = list(pieces)
        for stage in self.stages:
            found = [made for piece in found for made in stage.feed(piece)]
        return (piece for piece in found if piece.text)

    def close(self) -> Iterator[Piece]:
        left: list[Piece] = []
        for stage in self.stages:
            left = [made for piece in left for made in stage.feed(piece)]
            left += stage.close()
        return (piece for piece in left if piece.text)


class _OwnPattern:
    """One pattern over a stream, line by line, in windows: as the text is written, and as it is read.

    The buffer holds the line from where matching has got to; `_at` is that place, with what stands before it
    kept for the expression's word boundaries.
    """

    def __init__(self, pattern: Pattern) -> None:
        self._pattern = pattern
        self._begun = ""  # what may be the beginning of a sign
        self._line = _Line()
        self._at = 0

    def feed(self, piece: Piece) -> list[Piece]:
        if piece.kind:
            return [*self.close(), piece]
        made: list[Piece] = []
        lines = (self._begun + piece.text).split("\n")
        for line in lines[:-1]:
            self._begun = line
            made += [*self.close(), Piece("\n")]
        held = begun_sign(lines[-1])
        self._begun = lines[-1][len(lines[-1]) - held :]
        self._line.add(lines[-1][: len(lines[-1]) - held])
        return made + self._advance(final=False)

    def close(self) -> list[Piece]:
        self._line.add(self._begun)
        self._line.end()
        made = self._advance(final=True)
        self._begun, self._line, self._at = "", _Line(), 0
        return made

    def _advance(self, *, final: bool) -> list[Piece]:
        made: list[Piece] = []
        length = len(self._line.read)
        while self._at < length and (final or self._at + WINDOW_CHARS <= length):
            found = self._find(self._at, min(self._at + WINDOW_CHARS, length))
            if found is not None and (found[0] - self._at < _STEP or found[0] == self._at):
                start, end = found
                made += [
                    Piece(self._line.written(self._at, start)),
                    Piece(self._line.written(start, end), OWN),
                ]
                self._at = end
            else:
                following = min(self._at + _STEP if found is None else found[0], length)
                made.append(Piece(self._line.written(self._at, following)))
                self._at = following
        return made

    def _find(self, start: int, end: int) -> Span | None:
        """The first match in what is read, or that of what is written, where that begins before it."""
        found = [_span(self._pattern.search(self._line.read, start, end))]
        if self._line.has_signs(start, end):
            found.append(self._find_written(start, end))
        return min((span for span in found if span is not None), default=None)

    def _find_written(self, start: int, end: int) -> Span | None:
        before = self._line.written(max(start - 1, 0), start)
        written = before + self._line.written(start, end)
        span = _span(self._pattern.search(written, len(before), len(written)))
        if span is None:
            return None
        # Where each character of what is written is read.
        places = [at for at in range(start, end) for _ in self._line.written(at, at + 1)]
        first, last = (at - len(before) for at in span)
        if last < len(places) and places[first] < places[last] == places[last - 1]:
            self._line.part(places[last], last - places.index(places[last]))
            return places[first], places[last]
        return places[first], places[last - 1] + 1


def _span(match: Match | None) -> Span | None:
    return (match.start(), match.end()) if match is not None and match.end() > match.start() else None


class _Line:
    """A line of text as it is read, and for each character of that what was written."""

    def __init__(self) -> None:
        self.read = ""
        self._unread = ""  # signs at the end, which belong to the next character
        self._written: list[str] = []

    def add(self, text: str) -> None:
        text, at = self._unread + text, 0
        folded = fold(text)
        for start, end in zip(folded.starts, folded.ends, strict=True):
            # Of several characters that one sign stands for, the first one is written.
            self._written.append(text[at:end] if start >= at else "")
            at = max(at, end)
        self.read += folded.text
        self._unread = text[at:]

    def end(self) -> None:
        """Signs at the end of all stand before nothing but a space."""
        if self._unread:
            self.read += " "
            self._written.append(self._unread)

    def written(self, start: int, end: int) -> str:
        return "".join(self._written[start:end])

    def part(self, at: int, length: int) -> None:
        """Let the first written characters of one that is read belong to the one before it."""
        signs, self._written[at] = self._written[at][:length], self._written[at][length:]
        self._written[at - 1] += signs

    def has_signs(self, start: int, end: int) -> bool:
        return self.written(start, end) != self.read[start:end]
