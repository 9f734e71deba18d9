"""A text as a person reads it: without invisible characters and the signs of Markdown and HTML.

What is looked for in it has a place in the text as it is written, so that just that can be taken out.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

# A reference to a character, an escaped sign, an @ or a dot as addresses of pages write them, emphasis, code.
_SIGN = re.compile(
    r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
    r"|\\[!-/:-@\[-`{-~]|%(?:40|2[eE])|[*`]|~~"
)
_BEGUN_SIGN = re.compile(r"(?:&(?:#[0-9a-fA-FxX]{0,7}|[A-Za-z0-9]{0,32})|\\+|%[42]?|~+)\Z")
_FIRST_OF_SIGNS = "&\\%*`~"
_PERCENT = {"%40": "@", "%2e": "."}


@dataclass(frozen=True, slots=True)
class Folded:
    """What is read, and where it stands.

    Attributes:
        text: plain characters: spaces, dashes and digits of any kind as those of ASCII, line ends as spaces.
        starts, ends: for each of its characters the place [start, end) in the text that was folded; nothing
            that is left out lies within one.
    """

    text: str
    starts: list[int]
    ends: list[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where the span [start, end), not empty, stands in the text that was folded."""
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> Folded:
    """Read a text; what is cut off within a sign is read otherwise than the whole (`begun_sign`)."""
    read: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end, characters in _units(text):
        for character in characters:
            if plain := _plain(character):
                read.append(plain)
                starts.append(start)
                ends.append(end)
    return Folded("".join(read), starts, ends)


def begun_sign(text: str) -> int:
    """How many characters at the end of a text may be the beginning of a sign that goes on."""
    match = _BEGUN_SIGN.search(text, max(0, len(text) - 33))
    return len(text) - match.start() if match else 0


def begins_with_sign(text: str) -> bool:
    return text.startswith(tuple(_FIRST_OF_SIGNS))


def _units(text: str) -> Iterator[tuple[int, int, str]]:
    """Signs and characters: (start, end, what is read)."""
    at = 0
    for match in _SIGN.finditer(text):
        yield from ((i, i + 1, text[i]) for i in range(at, match.start()))
        yield match.start(), match.end(), _read(match.group())
        at = match.end()
    yield from ((i, i + 1, text[i]) for i in range(at, len(text)))


def _read(sign: str) -> str:
    if sign[0] == "&":
        return html.unescape(sign)
    if sign[0] == "\\":
        return sign[1]
    return _PERCENT.get(sign.lower(), "")


def _plain(character: str) -> str:
    if character.isascii():
        return " " if character in "\n\t\r" else character
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    if category == "Zs":
        return " "
    if category == "Pd" or character == "\u2212":
        return "-"
    return unicodedata.normalize("NFKC", character)[:1] or character
