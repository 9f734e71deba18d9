"""A text as it looks: what a person or a model reads in letters that a pattern would not know."""

from __future__ import annotations

import re
import unicodedata

from kb.rag.instructions.reading import clear

# Small letters that look like small capitals of Latin ones; beside those that `clear` knows.
_SMALL_CAPITALS = str.maketrans("\u0442\u043c\u043d\u043a\u0432", "tmhkb")
# "h-o-t-e-l" and "h o t e l".
_SPELLED = re.compile(r"(?<!\w)\w(?:([-._ *])\w)(?:\1\w){2,}(?!\w)")


def looks_like(text: str) -> str:
    """The text in plain Latin letters, without accents; words that were spelled out are put together."""
    bare = clear(text).text.translate(_SMALL_CAPITALS)
    bare = "".join(
        character for character in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(character)
    )
    return _SPELLED.sub(lambda match: re.sub(r"[\W_]", "", match.group()), bare)
