"""What the model sees of each window: which families of signs, and hashed words and pairs of words.

The words and pairs are the likeness to the examples that the model was fitted on; the families are what
carries over to attacks in other words.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from kb.rag.instructions.reading import windows
from kb.rag.instructions.signs import FAMILIES, signs_in

BUCKETS = 2048
# Below this many words a window's single words would count too much.
_LEAST_WORDS = 4
_WORD = re.compile(r"(?:https?://|www\.)\S+|[a-z']+|\d+|[<>\[\]{}|]")
_FAMILY_AT = {name: at for at, name in enumerate(FAMILIES)}


@dataclass(frozen=True, slots=True)
class WindowFeatures:
    """A stretch [start, end) of a text.

    Attributes:
        families: indices into `FAMILIES`, each once.
        buckets: of each word and each pair of neighbours, from 0 below `BUCKETS`, with repetitions.
        scale: what each bucket counts, so that long windows do not outweigh short ones.
    """

    start: int
    end: int
    families: frozenset[int]
    buckets: tuple[int, ...]
    scale: float


def features_of(text: str) -> Iterator[WindowFeatures]:
    """The windows of a text that `clear` has read."""
    signs = list(signs_in(text))
    words = [(match.start(), _bucketed(match.group())) for match in _WORD.finditer(text.lower())]
    first = 0
    for start, end in windows(text):
        while first and words[first - 1][0] >= start:
            first -= 1
        while first < len(words) and words[first][0] < start:
            first += 1
        last = first
        while last < len(words) and words[last][0] < end:
            last += 1
        inside = [word for _, word in words[first:last]]
        pairs = (_bucket(f"{one} {other}") for one, other in pairwise(inside))
        yield WindowFeatures(
            start,
            end,
            frozenset(_FAMILY_AT[name] for name, begin, stop in signs if begin < end and stop > start),
            (*map(_bucket, inside), *pairs),
            max(len(inside), _LEAST_WORDS) ** -0.5,
        )


def _bucketed(word: str) -> str:
    """All numbers are one word, all addresses another."""
    if word[0].isdigit():
        return "#"
    return "@" if "/" in word or word.startswith("www.") else word


def _bucket(term: str) -> int:
    return zlib.crc32(term.encode()) % BUCKETS
