"""Taking personal data and own patterns out of a text, of a whole one and of one that streams.

Both are one algorithm: a whole text is a stream that comes at once. So a text cut anywhere loses exactly what
the whole text would lose. Of a stream as little is held back as may still become part of a match: the word
that is being written, the row of numbers or the parts of a spelled address before it, and, where own
patterns are used, as many characters as they may span.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kb.rules.patterns import Pattern
from kb.rules.personal import find_personal

REMOVED = "\u2588\u2588\u2588"
OWN = "own pattern"
# An own pattern is looked for in windows of so many characters; a match of up to half is always found whole.
WINDOW_CHARS = 200
_STEP = WINDOW_CHARS // 2

_WORD = re.compile(r"\s*\S+(?=\s)")
# Words of which telephone, account and card numbers are made: with a digit, or in capitals, or only signs.
_NUMERIC = re.compile(r"\s*(?:\S*\d\S*|[A-Z]{1,4}[.:,]?|[-+()/.\u2010-\u2015]+)")
# Of which "name (at) example [dot] org" is made, beside its words; with the space before it.
_BEGINS_JOINT = re.compile(
    r"\s*(?:[(\[{<](?:$|(?:at|ät|@|dot|punkt|\.)(?:$|[)\]}>]))|@|[)\]}>]$|(?:at|ät|dot|punkt)$)",
    re.IGNORECASE,
)
_ENDS_JOINT = re.compile(
    r"(?:[(\[{<](?:at|ät|@|dot|punkt|\.)?[)\]}>]?|@|^\s*(?:[)\]}>]|at|ät|dot|punkt))$", re.IGNORECASE
)
_BEGUN_JOINTS = ("(", "[", "{", "<", ")", "]", "}", ">", "@", "a", "ä", "d", "p")
_LONGEST_QUOTED = 80  # a quoted name before the @ has up to 64 characters
_BLOCKS = re.compile("\u2588(?:[\u2588 ]*\u2588)?")


@dataclass(frozen=True)
class Piece:
    """A stretch of text; `kind` says why it is removed, and is empty for what stays."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Redaction:
    """What is to be taken out: kinds of `kb.rules.personal`, and own patterns."""

    kinds: frozenset[str] = frozenset()
    own: tuple[Pattern, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.kinds or self.own)

    def stream(self) -> RedactionStream:
        return RedactionStream(self)

    def pieces(self, text: str) -> list[Piece]:
        """The whole text, in order."""
        stream = self.stream()
        return [*stream.feed(text), *stream.close()]

    def masked(self, text: str) -> tuple[str, list[str]]:
        """The text with every removed character blacked out, its length unchanged; and the kinds found."""
        pieces = self.pieces(text)
        shown = "".join(_mask(piece.text) if piece.kind else piece.text for piece in pieces)
        return shown, [piece.kind for piece in pieces if piece.kind]


def collapse(text: str) -> str:
    """Every blacked-out stretch as one short mark: how much was there plays no part."""
    return _BLOCKS.sub(REMOVED, text)


def shown(piece: Piece) -> str:
    return REMOVED if piece.kind else piece.text


class RedactionStream:
    """Takes text as it comes, gives pieces as soon as nothing that follows can change them."""

    def __init__(self, wanted: Redaction) -> None:
        self._wanted = wanted
        self._rest = ""  # from the beginning of the first incomplete word
        self._run = ""  # complete words, of which the next one may go on with a match
        self._last = ""  # the last of them
        self._in_quotes = False  # whether a quotation is open in the run
        self._own = _OwnPatterns(wanted.own)

    def feed(self, text: str) -> Iterator[Piece]:
        """The pieces that this text completes."""
        self._rest += text
        at = 0
        while (word := _WORD.match(self._rest, at)) is not None:
            at = word.end()
            yield from self._own.feed(self._take(word.group()))
        self._rest = self._rest[at:]
        if not self._wanted.kinds:
            rest, self._rest = self._rest, ""
            yield from self._own.feed([Piece(rest)])
        elif self._is_certain():
            yield from self._own.feed(self._cut())

    def close(self) -> Iterator[Piece]:
        """The rest of the text."""
        rest, self._rest = self._rest, ""
        yield from self._own.feed([*self._take(rest), *self._cut()])
        yield from self._own.close()

    def _take(self, word: str) -> Iterator[Piece]:
        """Pieces of what is certain with this word."""
        if not self._wanted.kinds:
            yield Piece(word)
            return
        if not self._goes_on_with(word):
            yield from self._cut()
        self._run += word
        self._last = word
        self._in_quotes ^= word.count('"') % 2 == 1

    def _goes_on_with(self, word: str) -> bool:
        """Whether a match may reach from the run into this complete word."""
        if not self._run or (self._in_quotes and len(self._run) < _LONGEST_QUOTED):
            return True
        if _NUMERIC.fullmatch(self._last) and _NUMERIC.fullmatch(word):
            return True
        # "the office at 030": no address goes on with a number.
        goes_on = _ENDS_JOINT.search(self._last) and not word.strip(" +.-/").isdecimal()
        return bool(_BEGINS_JOINT.match(word) or goes_on)

    def _is_certain(self) -> bool:
        """Whether the word that is being written, of whatever it becomes, leaves the run as it is."""
        begun = self._rest.lstrip().lower()
        return bool(
            begun
            and not begun.startswith(_BEGUN_JOINTS)
            and not self._in_quotes
            and not _ENDS_JOINT.search(self._last)
            and not _NUMERIC.fullmatch(self._last)
        )

    def _cut(self) -> Iterator[Piece]:
        run, self._run, self._last, self._in_quotes = self._run, "", "", False
        at = 0
        for (start, end), kind in find_personal(run, self._wanted.kinds):
            yield Piece(run[at:start])
            yield Piece(run[start:end], kind)
            at = end
        yield Piece(run[at:])


@dataclass
class _OwnPatterns:
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
    """One pattern over a stream, line by line, in windows.

    The buffer holds the line from where matching has got to; `_at` is that place, with what stands before it
    kept for the expression's word boundaries.
    """

    def __init__(self, pattern: Pattern) -> None:
        self._pattern = pattern
        self._line = ""
        self._at = 0

    def feed(self, piece: Piece) -> list[Piece]:
        if piece.kind:
            return [*self.close(), piece]
        made: list[Piece] = []
        lines = piece.text.split("\n")
        for i, part in enumerate(lines):
            self._line += part
            if i < len(lines) - 1:
                made += [*self.close(), Piece("\n")]
        made += self._advance(final=False)
        return made

    def close(self) -> list[Piece]:
        made = self._advance(final=True)
        self._line, self._at = "", 0
        return made

    def _advance(self, *, final: bool) -> list[Piece]:
        made: list[Piece] = []
        while self._at < len(self._line) and (final or self._at + WINDOW_CHARS <= len(self._line)):
            end = min(self._at + WINDOW_CHARS, len(self._line))
            match = self._pattern.search(self._line, self._at, end)
            start = match.start() if match is not None and match.end() > match.start() else None
            if match is not None and start is not None and (start - self._at < _STEP or start == self._at):
                made += [Piece(self._line[self._at : start]), Piece(self._line[start : match.end()], OWN)]
                self._at = match.end()
            else:
                following = self._at + _STEP if start is None else start
                following = min(following, len(self._line))
                made.append(Piece(self._line[self._at : following]))
                self._at = following
        return made


def _mask(text: str) -> str:
    return "".join("\n" if character == "\n" else "\u2588" for character in text)
