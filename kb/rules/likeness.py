"""A text as it looks: what a person or a model reads in letters that a pattern would not know."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from kb.rag.instructions.figures import unfigured
from kb.rag.instructions.reading import clear

# Small letters that look like small capitals of Latin ones; beside those that `clear` knows.
_SMALL_CAPITALS = str.maketrans("\u0442\u043c\u043d\u043a\u0432", "tmhkb")
# "h-o-t-e-l" and "h o t e l".
_SPELLED = re.compile(r"(?<!\w)\w(?:([-._ *,/|+~\u00b7]{1,3})\w)(?:\1\w){2,}(?!\w)")


# "ho-tel", "h.otel"
_PARTED = re.compile(r"(?<=\w)[-._*'](?=\w)")


def looks_like(text: str) -> str:
    """The text in plain Latin letters, without accents; words that were spelled out are put together."""
    bare = clear(text).text.translate(_SMALL_CAPITALS)
    bare = "".join(
        character for character in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(character)
    )
    return _SPELLED.sub(lambda match: re.sub(r"[\W_]", "", match.group()), bare)


def readings(text: str, is_known: Callable[[str], bool]) -> tuple[str, ...]:
    """What a text may be read as: as it looks, and with figures as letters and without signs inside words.

    Args:
        is_known: whether a word in lower-case letters is one of those that are looked for.
    """
    seen = looks_like(text)
    read = unfigured(seen, is_known)
    return tuple(dict.fromkeys((seen, read, unfigured(_PARTED.sub("", seen), is_known))))
