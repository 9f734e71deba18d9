"""Questions as people type them in a hurry: one slip of the finger in one word."""

from __future__ import annotations

import random
import re
import string

_WORD = re.compile(r"[^\W\d_]{4,}")


def with_typo(text: str, seed: str) -> str:
    """The text with one letter of one longer word left out, doubled by a neighbour, replaced or swapped.

    Args:
        seed: the same text and seed give the same typo.
    """
    words = list(_WORD.finditer(text))
    if not words:
        return text
    draw = random.Random(seed)  # noqa: S311 - a draw, not a secret
    word = draw.choice(words)
    return text[: word.start()] + _misspelt(word[0], draw) + text[word.end() :]


def _misspelt(word: str, draw: random.Random) -> str:
    """Another word: swapping two equal letters, for example, is drawn again."""
    while True:
        at, letter = draw.randrange(len(word)), draw.choice(string.ascii_lowercase)
        before, after = word[:at], word[at + 1 :]
        slips = (
            before + after,
            before + letter + word[at:],
            before + letter + after,
            before + after[:1] + word[at] + after[1:],
        )
        slip = draw.choice(slips)
        if slip.casefold() != word.casefold():
            return slip
