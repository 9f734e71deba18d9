"""Own patterns over a stream: looked for in the text as it stands, and as a reader sees it.

A pattern is looked for line by line, in windows of `WINDOW_CHARS` characters as they are read; a match of up
to half of that is always found whole. Where windows begin and end depends on the text alone, not on how it
comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kb.rules.folding import Folded, fold, settled
from kb.rules.patterns import Pattern
from kb.rules.pieces import Piece

OWN = "own pattern"
WINDOW_CHARS = 200
_STEP = WINDOW_CHARS // 2
# Of references and invisible characters, so many are read for one window.
_MOST_WRITTEN = 8 * WINDOW_CHARS


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
    """One pattern over a stream.

    The buffer holds the line from where matching has got to; `_at` is that place, with the character before
    it kept for the expression's word boundaries.
    """

    def __init__(self, pattern: Pattern) -> None:
        self._pattern = pattern
        self._line = ""
        self._at = 0
        self._missing = WINDOW_CHARS  # at least so many more make the window full

    def feed(self, piece: Piece) -> list[Piece]:
        if piece.kind:
            return [*self.close(), piece]
        made: list[Piece] = []
        lines = piece.text.split("\n")
        for i, part in enumerate(lines):
            self._line += part
            self._missing -= len(part)
            if i < len(lines) - 1:
                made += [*self.close(), Piece("\n")]
        if self._missing <= 0:
            made += self._advance(final=False)
        return made

    def close(self) -> list[Piece]:
        made = self._advance(final=True)
        self._line, self._at, self._missing = "", 0, WINDOW_CHARS
        return made

    def _advance(self, *, final: bool) -> list[Piece]:
        made: list[Piece] = []
        stop = len(self._line) if final else settled(self._line)
        self._missing = WINDOW_CHARS
        while self._at < len(self._line):
            window = fold(self._line, self._at, stop=stop, most=WINDOW_CHARS, most_written=_MOST_WRITTEN)
            is_full = len(window.starts) >= WINDOW_CHARS or window.end - self._at >= _MOST_WRITTEN
            if not final and not is_full:
                unread = len(self._line) - window.end
                self._missing = max(1, WINDOW_CHARS - len(window.starts) - unread)
                break
            half = self._half(window, is_full=is_full)
            span = self._first(window)
            if span is not None and (span[0] < half or span[0] == self._at):
                made += [Piece(self._line[self._at : span[0]]), Piece(self._line[span[0] : span[1]], OWN)]
                self._at = span[1]
            else:
                following = half if span is None else span[0]
                made.append(Piece(self._line[self._at : following]))
                self._at = following
        kept = max(0, self._at - 1)
        self._line, self._at = self._line[kept:], self._at - kept
        return made

    def _half(self, window: Folded, *, is_full: bool) -> int:
        """The place before which a match of this window is known to be whole."""
        most = len(window.starts) // 2 if is_full else _STEP
        return window.starts[most] if 0 < most < len(window.starts) else window.end

    def _first(self, window: Folded) -> tuple[int, int] | None:
        """The first match in the window, as it stands or as it is read; of two the longer one."""
        before = self._line[max(0, self._at - 1) : self._at]
        spans = []
        if (span := self._search(before, self._line[self._at : window.end])) is not None:
            spans.append((self._at + span[0], self._at + span[1]))
        if (span := self._search(before, window.text)) is not None:
            spans.append(window.original(*span))
        return min(spans, key=lambda span: (span[0], -span[1]), default=None)

    def _search(self, before: str, text: str) -> tuple[int, int] | None:
        """The first match in a text that is not empty, with what stands before it."""
        match = self._pattern.search(before + text, len(before))
        if match is None or match.end() == match.start():
            return None
        return match.start() - len(before), match.end() - len(before)
