"""Words that are written with figures and signs in the place of letters: "1gn0re", "instruct10n$"."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product

_LETTERS = {
    "0": "o", "1": "il", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "!": "il", "|": "il", "\u20ac": "e",
}  # fmt: skip
_SIGNS = re.escape("".join(_LETTERS))
_FIGURE = re.compile(f"[{_SIGNS}]")
# With one of them in it: nearly all words have none.
_WORD = re.compile(rf"(?<![\w{_SIGNS}])(?=[\w{_SIGNS}]*[{_SIGNS}])[\w{_SIGNS}]+")
_SHORTEST, _LONGEST = 3, 24
# "1" and its like may be either of two letters.
_MOST_UNSURE = 4


def unfigured(text: str, is_known: Callable[[str], bool]) -> str:
    """The text, of the same length, with words in letters that are known once figures are read as letters.

    What is no such word stays: "MP3", "2nd", "S3".

    Args:
        is_known: given a word in lower-case letters.
    """

    def read(match: re.Match[str]) -> str:
        word = match.group().lower()
        if not _SHORTEST <= len(word) <= _LONGEST or not any(map(str.isalpha, word)):
            return match.group()
        # Signs behind a word end a sentence, or stand for its last letter.
        for kept in dict.fromkeys((len(word), len(word.rstrip("!|$@")))):
            options = [_LETTERS.get(character, character) for character in word[:kept]]
            unsure = sum(len(option) > 1 for option in options)
            if unsure > _MOST_UNSURE or len(word) != len(match.group()) or not _FIGURE.search(word[:kept]):
                continue
            for letters in product(*options):
                if is_known("".join(letters)):
                    return "".join(letters) + word[kept:]
        return match.group()

    return _WORD.sub(read, text)
