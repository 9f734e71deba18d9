"""All tokens of a vocabulary as text, and which of them a grammar can possibly want next."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from kb.llm.grammar.matcher import Matcher

Mask = npt.NDArray[np.bool_]

_PART = -1
_NONE = -2


class Words:
    """Made once for each model; asking every token takes a tenth of a second.

    Args:
        count: of tokens.
        piece: the bytes that a token adds to an answer; none for control tokens.
        is_end: whether a token ends the answer.
    """

    def __init__(self, count: int, piece: Callable[[int], bytes], is_end: Callable[[int], bool]) -> None:
        self._ends: Mask = np.fromiter((is_end(token) for token in range(count)), np.bool_, count)
        self._bytes = [b"" if self._ends[token] else _shown(piece(token)) for token in range(count)]
        self._texts = [_text(data) for data in self._bytes]
        # Code points, as signed numbers.
        self._first = np.fromiter(map(_first, self._bytes, self._texts), np.int32, count)
        continuing = (0x80 <= data[0] < 0xC0 if data else False for data in self._bytes)
        self._continuing: Mask = np.fromiter(continuing, np.bool_, count)

    def allowed(self, matcher: Matcher, token: int) -> bool:
        """Whether the answer may go on with it."""
        if self._ends[token]:
            return matcher.is_complete
        data = self._bytes[token]
        return bool(data) and matcher.allows(data, self._texts[token])

    def accept(self, matcher: Matcher, token: int) -> None:
        """Go on with a token that is allowed."""
        if not self._ends[token]:
            matcher.accept(self._bytes[token], self._texts[token])

    def possible(self, matcher: Matcher) -> Mask:
        """Every token that is allowed, and those of which only the first character is.

        Returns:
            bool array [tokens].
        """
        if matcher.is_in_character:
            return self._continuing
        found: Mask = self._first == _PART
        if matcher.is_complete:
            found |= self._ends
        if ranges := matcher.expected:
            low, high = np.array(ranges, np.int32).T
            at = np.searchsorted(low, self._first, "right") - 1
            found |= (at >= 0) & (self._first <= high[at])
        return found


def _shown(data: bytes) -> bytes:
    """NUL, which some vocabularies have, is in no text that can be stored."""
    return b"" if b"\0" in data else data


def _text(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _first(data: bytes, text: str | None) -> int:
    if not data:
        return _NONE
    return ord(text[0]) if text else _PART
