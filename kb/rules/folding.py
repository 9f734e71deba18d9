"""A text as a reader sees it once its Markdown and HTML are shown, with the place of every character.

Marks of emphasis and code, invisible characters and backslashes before signs are left out; character
references ("&#64;") and percent-encoded signs ("%40") count as what they stand for; digits, spaces and dashes
are plain. Every decision depends on the characters of one word alone, so words may be folded one by one.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

# All else in ASCII stands for itself.
_PLAIN = re.compile(r"[^&%\\*`~_\t\r\u0080-\U0010ffff]+")
# References of HTML5 have up to 32 characters, numbers in CommonMark up to 7 digits; with room for zeros.
_REFERENCE = re.compile(r"&(?:#[0-9]{1,12}|#[xX][0-9a-fA-F]{1,12}|[A-Za-z][A-Za-z0-9]{1,31});")
_ENCODED = re.compile(r"%(?:40|2[bdeBDE])")
_SIGN_OF = {"%40": "@", "%2b": "+", "%2d": "-", "%2e": "."}
_ESCAPED = re.compile(r"\\[!-/:-@\[-`{-~]")
_MARKS = "*`~_"
# Longer runs are read in parts.
_RUN = re.compile(r"\*{1,32}|`{1,32}|~{1,32}|_{1,32}")
# What may become one of the above, at the end of what has come; it is never longer than this.
_BEGUN = re.compile(r"(?:&[#A-Za-z0-9]*|%2?|%4|\\)$")
_LONGEST_BEGUN = 34
# Beside the format characters (Cf) of Unicode: joiners, fillers, variation selectors, the frame of a key.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u20e3\u3164\ufe00-\ufe0f\uffa0]")


@dataclass
class Folded:
    """What is read.

    Attributes:
        text: without what a reader does not see.
        starts: for each of its characters where it begins in the original.
        ends: and where it ends there, exclusive.
        end: how far the original was read.
    """

    text: str = ""
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    end: int = 0

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original in which [start, end), not empty, is written."""
        return self.starts[start], self.ends[end - 1]


def fold(
    text: str, start: int = 0, *, stop: int | None = None, most: int | None = None, most_written: int = 0
) -> Folded:
    """Read a text from a place on.

    Args:
        stop: nothing that begins from here on is read; what stands there may be looked at.
        most: so many characters are enough.
        most_written: so many characters of the original are enough; 0 means all.
    """
    stop = len(text) if stop is None else stop
    stop = min(stop, start + most_written) if most_written else stop
    parts: list[str] = []
    found = Folded(end=start)
    while found.end < stop and (most is None or len(found.starts) < most):
        at = found.end
        if (stretch := _PLAIN.match(text, at, stop)) is not None:
            end = stretch.end() if most is None else min(stretch.end(), at + most - len(found.starts))
            parts.append(text[at:end])
            found.starts.extend(range(at, end))
            found.ends.extend(range(at + 1, end + 1))
        else:
            end, seen = _read(text, at)
            parts.append(seen)
            one_by_one = len(seen) == end - at
            found.starts.extend(range(at, end) if one_by_one else [at] * len(seen))
            found.ends.extend(range(at + 1, end + 1) if one_by_one else [end] * len(seen))
        found.end = end
    found.text = "".join(parts)
    return found


def settled(text: str) -> int:
    """How much of a text, from its beginning, is read in the same way whatever follows it."""
    end = len(text.rstrip(_MARKS))
    if end < len(text):
        return end
    begun = _BEGUN.search(text, max(0, end - _LONGEST_BEGUN))
    return begun.start() if begun is not None else end


def _read(text: str, at: int) -> tuple[int, str]:
    """Where what stands here ends, and what is seen of it."""
    character = text[at]
    if character in _MARKS:
        end = at + len(_RUN.match(text, at)[0])  # type: ignore[index]
        return end, "" if _is_mark(text, at, end) else text[at:end]
    if character == "&" and (written := _REFERENCE.match(text, at)) is not None:
        meant = html.unescape(written[0])
        if meant != written[0]:
            return written.end(), "".join(" " if c == "\n" else _plain(c) for c in meant)
    if character == "%" and (written := _ENCODED.match(text, at)) is not None:
        return written.end(), _SIGN_OF[written[0].lower()]
    if character == "\\" and (written := _ESCAPED.match(text, at)) is not None:
        return written.end(), written[0][1]
    return at + 1, _plain(character)


def _is_mark(text: str, start: int, end: int) -> bool:
    """Whether this run of one sign is emphasis or code; a sign that stands alone never is."""
    before, after = text[start - 1 : start] or " ", text[end : end + 1] or " "
    if before.isspace() and after.isspace():
        return False
    if text[start] == "_":
        return not (before.isalnum() and after.isalnum())
    if end - start > 1:
        return True
    # One star between digits multiplies: "1.05*1000". One tilde says "about".
    return text[start] == "`" or (text[start] == "*" and not (before.isdigit() and after.isdigit()))


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    if character.isascii():
        return " " if character in "\t\r" else character
    category = unicodedata.category(character)
    if category == "Cf" or _INVISIBLE.match(character):
        return ""
    if category == "Zs":
        return " "
    if category == "Pd" or character == "\u2212":
        return "-"
    return unicodedata.normalize("NFKC", character)[:1] or character
