"""Questions that look like a verified answer's and are not: made from its own variants.

Where a number, a negation or a name differs, `kb.rules.matching.difference` refuses whatever the nearness.
What a threshold must keep out are questions about another thing in the same words: "What is the return
policy for contractors?", "What is the parking policy?". These are made by putting a foreign word in the
place of each content word, and behind the question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kb.rag.words import plain, stem, tokens
from kb.rules.matching import core, topic_stems

# Everyday things of an organisation that a question may turn to. Two are taken for each place.
_FOREIGN = (
    "parking", "contractors", "laptops", "suppliers", "training", "overtime", "visitors", "furniture",
    "insurance", "software", "interns", "canteen",
)  # fmt: skip
_MOST = 48


def near_misses(variants: Iterable[str]) -> list[str]:
    """At most 48 questions, the same ones for the same variants."""
    found: dict[str, None] = {}
    for variant in variants:
        for question in _twisted(core(variant)):
            found.setdefault(question)
    return list(found)[:_MOST]


def _twisted(question: str) -> Iterator[str]:
    words = plain(question).rstrip("?.! ").split()
    content = topic_stems(question)
    foreign = [word for word in _FOREIGN if stem(word) not in content]
    for turn, (i, word) in enumerate(_content_words(words, content)):
        for other in (foreign[(2 * turn) % len(foreign)], foreign[(2 * turn + 1) % len(foreign)]):
            yield " ".join([*words[:i], _same_case(word, other), *words[i + 1 :]]) + "?"
    for other in foreign[:2]:
        yield f"{' '.join(words)} for {other}?"


def _content_words(words: list[str], content: frozenset[str]) -> list[tuple[int, str]]:
    return [(i, word) for i, word in enumerate(words) if {stem(token) for token in tokens(word)} & content]


def _same_case(word: str, other: str) -> str:
    return other.capitalize() if word[:1].isupper() else other
