"""The language that a document is written in, by its own words.

py3langid, because its model comes inside the package, it is kept up and answers in a millisecond. What the
file says of itself counts only where the text says too little: programs write their own language into files.
"""

from __future__ import annotations

import re
import threading
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

# Text in fewer letters could be many languages.
_LEAST_LETTERS = 30
_SURE = 0.8
_SAMPLE_CHARS = 1000
_NO_PROSE = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+|\S+@\S+|<[^>]*>|[\d|#*_=~\[\](){}]+", re.DOTALL
)
_CODE = re.compile(r"[a-z]{2}(?=\Z|[-_])", re.IGNORECASE)
# It takes a second of processor time, and all threads of a worker want it at once.
_loading = threading.Lock()


def language_of(text: str, told: object = "") -> str:
    """The ISO 639-1 code of the language that most of a text is in; empty where nobody can tell.

    Args:
        told: what the file says, "de-CH"; anything else than a code counts as nothing.
    """
    code = _CODE.match(told) if isinstance(told, str) else None
    stated = code.group().lower() if code else ""
    sample = " ".join(_NO_PROSE.sub(" ", piece) for piece in _pieces(text))
    if sum(map(str.isalpha, sample)) < _LEAST_LETTERS:
        return stated
    with _loading:
        identifier = _identifier()
    found, sure = identifier.classify(sample)
    return str(found) if sure >= _SURE and _CODE.fullmatch(str(found)) else stated


def _pieces(text: str) -> list[str]:
    """The beginning, the middle and the end, or all of a short text."""
    if len(text) <= 3 * _SAMPLE_CHARS:
        return [text]
    middle = (len(text) - _SAMPLE_CHARS) // 2
    return [text[:_SAMPLE_CHARS], text[middle : middle + _SAMPLE_CHARS], text[-_SAMPLE_CHARS:]]


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
