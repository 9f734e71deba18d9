"""A sentence as the checks read it: its content words, its exact items, its clauses with their polarity."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

from kb.rag.dates import Clock, Date, find_clocks, find_dates
from kb.rag.names import Name, find_identifiers, find_names, find_quotations, fold_identifier
from kb.rag.polarity import polarity
from kb.rag.quantities import Quantity, find_quantities, periods
from kb.rag.struck import without_struck
from kb.rag.wordlists import WEEKDAYS
from kb.rag.words import content_stems, plain, tokens

_CLAUSE = re.compile(
    r"[;:] | - "
    r"|,? (?=(?:and|but|or|while|whereas|although|though|if|when|unless|except|because|however|so that"
    r"|und|oder|aber|sondern|während|obwohl|wenn|falls|sofern|weil|außer|jedoch)\b)",
    re.IGNORECASE,
)
_PART = re.compile(r",(?!\d) ?| \(|\) ?")
_WEEKDAY = re.compile(rf"\b({'|'.join(WEEKDAYS)})s?\b", re.IGNORECASE)
# "..., and cannot be renewed": what stands before has a verb, whether it is a known one or not.
_OWN_VERB = re.compile(
    r"\W*(?:and|but|und|aber)? ?(?:is|are|was|were|has|have|had|will|must|may|can|cannot|could|should|does"
    r"|do|did|ist|sind|hat|haben|wird|werden|muss|müssen|darf|dürfen|kann|können|soll|sollen)(?:n't)?\b",
    re.IGNORECASE,
)
_FINITE = re.compile(
    r"\b(?:is|are|was|were|be|has|have|had|will|would|do|does|did|must|may|can|cannot|could|might|shall|should|need|needs|not|never|no"
    r"|only|except|unless|without|it|you|we|they|he|she|i|there|this"
    r"|ist|sind|war|waren|wird|werden|wurden?|hat|haben|muss|müssen|darf|dürfen|kann|können|soll|sollen"
    r"|nicht|nie|keine?[nmrs]?|nur|außer|ohne|es|sie|wir|er|ich)\b|n't\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of a sentence with its own polarity; ``words`` are all its casefolded words."""

    stems: frozenset[str]
    marks: frozenset[str]
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch in which a number, date or time belongs to the words; ``opening`` is the first stem."""

    opening: str
    stems: frozenset[str]
    quantities: tuple[Quantity, ...]
    dates: tuple[Date, ...]
    clocks: tuple[Clock, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one sentence says.

    Attributes:
        text: the plain text that was read.
        stems: content words in order; numbers, dates, times and identifiers are not among them.
        all_tokens: every casefolded word, in order.
    """

    text: str
    stems: tuple[str, ...]
    all_tokens: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    dates: tuple[Date, ...]
    clocks: tuple[Clock, ...]
    identifiers: frozenset[str]
    names: tuple[Name, ...]
    quotations: tuple[str, ...]
    periods: frozenset[str]
    weekdays: frozenset[str]
    clauses: tuple[Clause, ...]
    parts: tuple[Part, ...]

    @property
    def marks(self) -> frozenset[str]:
        """The polarity of all clauses together."""
        return frozenset(mark for clause in self.clauses for mark in clause.marks)

    @property
    def years(self) -> frozenset[int]:
        """The years that the dates name."""
        return frozenset(date.year for date in self.dates if date.year is not None)


@lru_cache(maxsize=4096)
def read(markdown: str) -> Reading:
    """Read one sentence of Markdown, without what it strikes out."""
    text = plain(without_struck(markdown))
    identifiers = find_identifiers(text)
    masked = _blank(text, identifiers)
    dates = find_dates(masked)
    masked = _blank(masked, [(date.start, date.end) for date in dates])
    clocks = find_clocks(masked)
    masked = _blank(masked, [(clock.start, clock.end) for clock in clocks])
    quantities = find_quantities(masked)
    words = _blank(
        masked, [(item.start, item.end) for item in quantities if not item.implied and item.unit != "nth"]
    )
    names = [name for name in find_names(words) if name.words]
    words = _blank(words, [match.span() for match in _WEEKDAY.finditer(words)])
    return Reading(
        text=text,
        stems=tuple(content_stems(words)),
        all_tokens=tuple(tokens(text)),
        quantities=tuple(quantities),
        dates=tuple(dates),
        clocks=tuple(clocks),
        identifiers=frozenset(fold_identifier(text[start:end]) for start, end in identifiers),
        names=tuple(names),
        quotations=tuple(find_quotations(text)),
        periods=periods(text),
        weekdays=frozenset(match.group(1).casefold() for match in _WEEKDAY.finditer(text)),
        clauses=_clauses(text, words),
        parts=_parts(words, quantities, dates, clocks),
    )


def has_finite_verb(text: str) -> bool:
    """Whether plain text holds a small word that sentences have and names do not; few verbs are known."""
    return _FINITE.search(text) is not None


def _clauses(text: str, words: str) -> tuple[Clause, ...]:
    """Pieces between commas and conjunctions; one without a verb ("in Berlin,") joins its neighbour."""
    spans: list[tuple[int, int]] = []
    complete = True
    for begin, end in _pieces(_CLAUSE, text, 0, len(text)):
        for start, stop in _pieces(_PART, text, begin, end):
            finite = _FINITE.search(text, start, stop) is not None
            own = bool(spans) and _OWN_VERB.match(text, start, stop) is not None
            if (complete or own) and (finite or not spans):
                spans.append((start, stop))
                complete = False
            else:
                spans[-1] = (spans[-1][0], stop)
            has_words = bool(content_stems(words[slice(*spans[-1])]))
            complete = complete or (has_words and _FINITE.search(text, *spans[-1]) is not None)
    if len(spans) > 1 and not content_stems(words[slice(*spans[-1])]):
        spans[-2:] = [(spans[-2][0], spans[-1][1])]
    clauses = (
        Clause(frozenset(content_stems(words[a:b])), polarity(text[a:b]), frozenset(tokens(text[a:b])))
        for a, b in spans
    )
    return tuple(clause for clause in clauses if clause.stems or clause.marks)


def _parts(
    words: str, quantities: list[Quantity], dates: list[Date], clocks: list[Clock]
) -> tuple[Part, ...]:
    """Clauses, cut at commas where each part has an item and words: "14 days for A, 20 days for B"."""
    starts = [item.start for item in quantities if not item.implied]
    starts = sorted(starts + [date.start for date in dates] + [clock.start for clock in clocks])

    def holds(start: int, stop: int) -> bool:
        return bisect_left(starts, start) < bisect_left(starts, stop)

    spans: list[tuple[int, int]] = []
    for begin, end in _pieces(_CLAUSE, words, 0, len(words)):
        for start, stop in _pieces(_PART, words, begin, end):
            full = bool(spans) and holds(*spans[-1]) and bool(content_stems(words[slice(*spans[-1])]))
            if not spans or (full and holds(start, end) and content_stems(words[start:end])):
                spans.append((start, stop))
            else:
                spans[-1] = (spans[-1][0], stop)
    return tuple(
        Part(
            next(iter(content_stems(words[start:stop])), ""),
            frozenset(content_stems(words[start:stop])),
            tuple(item for item in quantities if start <= item.start < stop),
            tuple(item for item in dates if start <= item.start < stop),
            tuple(item for item in clocks if start <= item.start < stop),
        )
        for start, stop in spans
    )


def _pieces(pattern: re.Pattern[str], text: str, start: int, end: int) -> list[tuple[int, int]]:
    spans = []
    at = start
    for match in pattern.finditer(text, start, end):
        spans.append((at, match.start()))
        at = match.end()
    return [*spans, (at, end)]


def _blank(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text
