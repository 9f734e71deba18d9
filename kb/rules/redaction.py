"""Taking personal data and own patterns out of a text, of a whole one and of one that streams.

Both are one algorithm: a whole text is a stream that comes at once. So a text cut anywhere loses exactly what
the whole text would lose. Of a stream as little is held back as may still become part of a match: the word
that is being written, the row of numbers or the parts of a spelled address before it, and, where own
patterns are used (`kb.rules.own_patterns`), as many characters as they may span. Words are judged as a reader
sees them (`kb.rules.folding`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kb.rules.folding import fold, settled
from kb.rules.own_patterns import OwnPatterns
from kb.rules.patterns import Pattern
from kb.rules.personal import find_personal
from kb.rules.pieces import Piece

REMOVED = "\u2588\u2588\u2588"
_WORD = re.compile(r"\s*\S+(?=\s)")
# Words of which telephone, account and card numbers are made: with a digit, or in capitals, or only signs.
_NUMERIC = re.compile(r"\S*\d\S*|[A-Z]{1,4}[.:,]?|[-+()/.]+")
# Of which "name (at) example [dot] org" is made, beside its words.
_BEGINS_JOINT = re.compile(
    r"(?:[(\[{<](?:$|(?:at|ät|@|dot|punkt|\.)(?:$|[)\]}>]))|@|[)\]}>]$|(?:at|ät|dot|punkt)$)",
    re.IGNORECASE,
)
_ENDS_JOINT = re.compile(
    r"(?:[(\[{<](?:at|ät|@|dot|punkt|\.)?[)\]}>]?|@|^(?:[)\]}>]|at|ät|dot|punkt))$", re.IGNORECASE
)
_BEGUN_JOINTS = ("(", "[", "{", "<", ")", "]", "}", ">", "@", "a", "ä", "d", "p")
_BEGIN_CHARS = 4  # of a word that is being written; the first that is no space tells
_LONGEST_QUOTED = 80  # a quoted name before the @ has up to 64 characters
_BLOCKS = re.compile("\u2588(?:[\u2588 ]*\u2588)?")


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
        self._run_chars = 0  # of them, as they are read
        self._last = ""  # the last of them that has anything to read, as it is read
        self._in_quotes = False  # whether a quotation is open in the run
        self._own = OwnPatterns(wanted.own)

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
        read = fold(word).text
        parts = read.split()
        if not self._goes_on_with(parts):
            yield from self._cut()
        self._run += word
        self._run_chars += len(read)
        self._last = parts[-1] if parts else self._last
        self._in_quotes ^= read.count('"') % 2 == 1

    def _goes_on_with(self, parts: list[str]) -> bool:
        """Whether a match may reach from the run into this complete word, given in the parts that it shows.

        "&nbsp;" makes several parts of one word; some words show none.
        """
        if not parts or not self._run or (self._in_quotes and self._run_chars < _LONGEST_QUOTED):
            return True
        if _NUMERIC.fullmatch(self._last) and _NUMERIC.fullmatch(parts[0]):
            return True
        # "the office at 030": no address goes on with a number.
        goes_on = _ENDS_JOINT.search(self._last) and not parts[0].strip("+.-/").isdecimal()
        return bool(_BEGINS_JOINT.match(parts[0]) or goes_on)

    def _is_certain(self) -> bool:
        """Whether the word that is being written, of whatever it becomes, leaves the run as it is."""
        rest = self._rest.lstrip()
        begun = fold(rest, stop=settled(rest), most=_BEGIN_CHARS).text.lstrip().lower()
        return bool(
            begun
            and not begun.startswith(_BEGUN_JOINTS)
            and not self._in_quotes
            and not _ENDS_JOINT.search(self._last)
            and not _NUMERIC.fullmatch(self._last)
        )

    def _cut(self) -> Iterator[Piece]:
        run, self._run, self._run_chars, self._last, self._in_quotes = self._run, "", 0, "", False
        at = 0
        for (start, end), kind in find_personal(run, self._wanted.kinds):
            yield Piece(run[at:start])
            yield Piece(run[start:end], kind)
            at = end
        yield Piece(run[at:])


def _mask(text: str) -> str:
    return "".join("\n" if character == "\n" else "\u2588" for character in text)
