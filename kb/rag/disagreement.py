"""Two documents that state another number, amount, duration, percentage, date or time for the same thing.

Precision comes first: sources that are wrongly said to disagree are worse than a difference that a reader has
to see alone. So both statements must say the same in nearly the same words, in the same order, under headings
of which one says no more than the other; names, identifiers, quotations, weekdays, years and negations must
be equal; and neither document may state the other's value as well, or something else that is as near. What
titles tell apart by a number ("Building 3", "Building 4") is not one thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from kb.rag.numbered import are_apart, numbered, years_in
from kb.rag.statements import Statement, statements_of
from kb.rag.types import Passage, Quote
from kb.rag.values import Value, values_of
from kb.rag.words import content_stems, stem

_ALIKE = 0.8
_IN_ORDER = 0.85
_FEWEST_STEMS = 2
_FEWEST_WITH_HEADINGS = 3
# What a statement says of its own document, and what only counts through a text.
_ABOUT_ITSELF = re.compile(
    r"(?:this \w+ (?:was |is )?|last |date of |page )?"
    r"(?:updated?(?=:| on\b| by\b| \d)|revised|revision|modified|reviewed|published"
    r"|version|copyright|created|changed|edited)\b",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(r"\b(?:e\.g\.|for example|for instance|such as|example:)", re.IGNORECASE)
# Words of titles that tell nothing of the subject: a handbook's travel policy is the travel guide.
_GENERIC = frozenset(
    stem(word)
    for word in (
        "policy", "policies", "handbook", "manual", "guide", "guidelines", "guideline", "rules", "overview",
        "faq", "page", "document", "documents", "new", "old", "archive", "archived", "draft", "final",
        "copy", "snapshot", "current", "version", "update", "updated", "information",
        "introduction", "company", "wiki", "notes", "summary", "about", "md", "txt", "pdf",
        "html", "readme", "index",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """One statement: its words as a quote, and the value in it as it is written."""

    quote: Quote
    value: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two statements of different documents about one thing; `kind` as in `kb.rag.values`."""

    kind: str
    sides: tuple[Side, Side]


@dataclass(frozen=True, slots=True)
class _Stated:
    passage: Passage
    statement: Statement
    values: tuple[Value, ...]
    form: tuple[str, ...]  # the stems with a slot in the place of each value
    about: frozenset[str]
    numbered: Mapping[str, frozenset[str]]  # what the title and the headings tell apart by a number

    @property
    def said(self) -> tuple[str, ...]:
        return tuple(value.same for value in self.values)


def find_disagreements(passages: Sequence[Passage], question: str = "") -> list[Disagreement]:
    """Where passages of different documents disagree, in the order of the passages.

    Args:
        question: one for a year is answered by the document of that year, whatever others say.
    """
    asked = years_in([question])
    stated: dict[int, list[_Stated]] = {}
    for passage in passages:
        stated.setdefault(passage.document_id, []).extend(_stated(passage))
    documents = list(stated.values())
    return [
        found
        for i, ours in enumerate(documents)
        for theirs in documents[i + 1 :]
        for found in _between(ours, theirs)
        if not asked or _is_of(asked, ours) == _is_of(asked, theirs)
    ]


def _is_of(years: frozenset[int], stated: Sequence[_Stated]) -> bool:
    return any(years & years_in(_above(one.passage)) for one in stated)


def _between(ours: Sequence[_Stated], theirs: Sequence[_Stated]) -> Iterator[Disagreement]:
    pairs = [(one, other) for one in ours for other in theirs if _same_thing(one, other)]
    for one, other in pairs:
        rivals = [pair for pair in pairs if (pair[0] is one) != (pair[1] is other)]
        # Said again elsewhere, the one way or the other: it is a list of like things, or both hold.
        if rivals and not all(_repeats(pair, (one, other)) for pair in rivals):
            continue
        found = _difference(one, other)
        if found is not None:
            yield found


def _repeats(pair: tuple[_Stated, _Stated], of: tuple[_Stated, _Stated]) -> bool:
    return (pair[0].said, pair[1].said) == (of[0].said, of[1].said)


def _stated(passage: Passage) -> Iterator[_Stated]:
    named = numbered(_above(passage))
    for statement in statements_of(passage):
        text = statement.reading.text
        if statement.block == "h" or statement.speaks_to_model or text.endswith("?"):
            continue
        if _ABOUT_ITSELF.match(text) or _EXAMPLE.search(text):
            continue
        values = values_of(statement.reading)
        if not any(value.comparable for value in values):
            continue
        about = frozenset(item for item in statement.context if not item.isdigit()) - _GENERIC
        yield _Stated(passage, statement, values, tuple(_form(text, values)), about, named)


def _above(passage: Passage) -> tuple[str, ...]:
    return (passage.document_title, *passage.heading_path)


def _form(text: str, values: Iterable[Value]) -> Iterator[str]:
    at = 0
    for value in values:
        yield from content_stems(text[at : value.start])
        yield f"<{value.kind}>"
        at = max(at, value.end)
    yield from content_stems(text[at:])


def _same_thing(one: _Stated, other: _Stated) -> bool:
    """Whether both state something of one thing, in the same words but for the values."""
    if [value.kind for value in one.values] != [value.kind for value in other.values]:
        return False
    mine, yours = one.statement.stems, other.statement.stems
    shared = mine & yours
    around = shared | (one.about & other.about) | {value.counted for value in one.values if value.counted}
    if len(shared) < _FEWEST_STEMS or len(around) < _FEWEST_WITH_HEADINGS:
        return False
    if len(shared) < _ALIKE * len(mine | yours):
        return False
    if not (one.about <= other.about or other.about <= one.about) or are_apart(one.numbered, other.numbered):
        return False
    if SequenceMatcher(None, one.form, other.form, autojunk=False).ratio() < _IN_ORDER:
        return False
    return _exact(one.statement) == _exact(other.statement)


def _exact(statement: Statement) -> tuple[object, ...]:
    """What must be equal, whatever the values are."""
    reading = statement.reading
    names = frozenset(word for name in reading.names for word in name.words)
    return names, reading.identifiers, reading.quotations, reading.weekdays, reading.marks


def _difference(one: _Stated, other: _Stated) -> Disagreement | None:
    """What differs; None where nothing does, or where they may speak of different times."""
    differing = [(a, b) for a, b in zip(one.values, other.values, strict=True) if a.same != b.same]
    if not differing or not all(a.comparable and b.comparable and a.bound == b.bound for a, b in differing):
        return None
    if sorted(one.said) == sorted(other.said):
        return None  # the same values in another order
    kinds = {a.kind for a, _ in differing}
    if len(kinds) > 1 and "date" in kinds:
        return None  # other figures at another time
    first, second = differing[0]
    sides = (_side(one, first), _side(other, second))
    return Disagreement(first.named, sides)


def _side(stated: _Stated, value: Value) -> Side:
    statement, passage = stated.statement, stated.passage
    quote = Quote(
        passage.n,
        passage.start + statement.start,
        passage.start + statement.end,
        passage.text[statement.start : statement.end],
    )
    written = statement.reading.text[value.start : value.end]
    return Side(quote, written.rstrip(".") if value.named == "date" else written)
