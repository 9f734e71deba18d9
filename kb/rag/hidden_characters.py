"""Characters that carry words or an order of words which no reader sees (case 19).

What writing systems need is left alone: joiners between letters of scripts that join or between emoji, marks
of direction, soft hyphens, single break opportunities. Whatever is found, `prompt.neutralise` removes them
all from what the model reads.
"""

from __future__ import annotations

import re

# Tag characters spell whole sentences invisibly. Their one use is in flags, behind a black flag emoji.
_TAGS = r"(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0001\U000e0020-\U000e007f]{2,}"
# An override makes a stretch read backwards: what a person reads is not what a program reads.
_OVERRIDES = r"[\u202d\u202e][^\u202c\n]{1,400}\u202c?"
# Nobody types several zero-width characters in a row; data can be written with them.
_RUNS = r"[\u200b-\u200d\u2060-\u2064\ufeff]{4,}"
# Two or more inside one word of Latin letters: to keep a program from finding the word.
_BROKEN_WORDS = r"\b[A-Za-z]+(?:[\u200b-\u200d\u2060-\u2064\u00ad]+[A-Za-z]+){2,}\b"
# Variation selectors in a row encode bytes behind one visible character.
_SELECTORS = r"[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,}"
_HIDDEN = re.compile("|".join([_TAGS, _OVERRIDES, _RUNS, _SELECTORS]))
_BROKEN = re.compile(_BROKEN_WORDS)
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\U000e0000-\U000e01ef]")
_SOFT_HYPHEN = "\u00ad"


def find_hidden_characters(text: str) -> list[tuple[int, int]]:
    """Spans [start, end) in order, none overlapping."""
    if text.isascii() or not _INVISIBLE.search(text):
        return []
    found = [match.span() for match in _HIDDEN.finditer(text)]
    found += [
        match.span()
        for match in _BROKEN.finditer(text)
        # Soft hyphens alone are how long words are set.
        if set(_INVISIBLE.findall(match.group())) != {_SOFT_HYPHEN}
    ]
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept


def spelled_out(text: str) -> str:
    """The text for people: each invisible character by its number, tag characters as what they spell."""
    return _INVISIBLE.sub(_spelled, text)


def _spelled(match: re.Match[str]) -> str:
    code = ord(match.group())
    if 0xE0020 <= code <= 0xE007E:
        return chr(code - 0xE0000)
    return f"\u2039U+{code:04X}\u203a"
