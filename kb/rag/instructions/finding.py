"""Instructions to a language model in a text."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from kb.rag.instructions.features import features_of
from kb.rag.instructions.figures import unfigured
from kb.rag.instructions.model import shipped_weights
from kb.rag.instructions.reading import clear
from kb.rag.instructions.signs import is_sign_word
from kb.text_parts import parts_of

_ENCODED = re.compile(r"(?<![\w+/=])[A-Za-z0-9+/]{24,8000}={0,2}(?![\w+/])")
# Longer texts come once, and would be kept in memory.
_BRIEF_CHARS = 500
# What is computed takes some fifty bytes for each character. Parts end behind paragraphs.
_AT_ONCE_CHARS = 200_000
_TEXT = re.compile(r"[\x20-\x7e\n\t]+")


@dataclass(frozen=True, order=True)
class Finding:
    """A stretch text[start:end] that speaks to a model, and the log-odds of its strongest window."""

    start: int
    end: int
    logit: float


def find_instructions(text: str) -> tuple[Finding, ...]:
    """The stretches of a text that look like instructions to a model; in order, none overlapping.

    Invisible characters, look-alike letters, figures in the place of letters and base64 are undone first. A
    sentence is judged alone and with the next one of its text, so pass whole texts rather than pieces.
    """
    if len(text) <= _BRIEF_CHARS:
        return _found_again(text)
    return tuple(
        Finding(start + one.start, start + one.end, one.logit)
        for start, end in parts_of(text, _AT_ONCE_CHARS)
        for one in _found(text[start:end])
    )


@lru_cache(maxsize=512)
def _found_again(text: str) -> tuple[Finding, ...]:
    """Titles and headings come again and again."""
    return _found(text)


def _found(text: str) -> tuple[Finding, ...]:
    read = clear(text)
    said = unfigured(read.text, is_sign_word)
    weights = shipped_weights()
    found: list[Finding] = []
    for window in features_of(said):
        logit = weights.logit(window)
        start, end = read.original(window.start, window.end)
        # A pair that holds a sentence which was found alone says nothing about the other one.
        if logit > weights.threshold and not any(start <= one.start and one.end <= end for one in found[-2:]):
            found.append(Finding(start, end, logit))
    return tuple(_merged(sorted([*found, *_encoded(text)])))


def _encoded(text: str) -> Iterator[Finding]:
    """Stretches of base64 whose decoded text holds an instruction."""
    weights = shipped_weights()
    for match in _ENCODED.finditer(text):
        try:
            decoded = base64.b64decode(match.group() + "=" * (-len(match.group()) % 4), validate=True)
            said = decoded.decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            continue
        if _TEXT.fullmatch(said):
            logit = max((weights.logit(window) for window in features_of(said)), default=weights.bias)
            if logit > weights.threshold:
                yield Finding(match.start(), match.end(), logit)


def _merged(found: list[Finding]) -> Iterator[Finding]:
    last: Finding | None = None
    for finding in found:
        if last is None:
            last = finding
        elif finding.start < last.end:
            last = Finding(last.start, max(last.end, finding.end), max(last.logit, finding.logit))
        else:
            yield last
            last = finding
    if last is not None:
        yield last
