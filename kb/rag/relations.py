"""Who gets which number, and who does what: right items in a wrong relation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kb.rag.dates import same_clock, same_date
from kb.rag.polarity import is_passive
from kb.rag.quantities import Quantity, same_quantity
from kb.rag.reading import Part, Reading
from kb.rag.statements import Statement
from kb.rag.window import Window
from kb.rag.wordlists import PRONOUNS
from kb.rag.words import content_stems, stem, weight

_NAME_SAY = 2.0
_BY = re.compile(
    r"\b(?:is|are|was|were|been|be) (?:\w+ly )?(?P<verb>\w+(?:ed|en|t|n|ld)) by (?P<agent>[^.,;:]*?)"
    r"(?= (?:for|in|on|at|to|with|from|after|before|during|within)\b|[.,;:]|\Z)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Source:
    """A part of a source with the words that it speaks of and all words of its statement."""

    part: Part
    stems: frozenset[str]
    words: frozenset[str]


def belongs_to_other(
    claim: Reading, asked: frozenset[str], window: Window, rare: Mapping[str, float]
) -> bool:
    """Whether a number, date or time of the claim stands in its source beside other words than in the claim.

    "A gets 14 days and B gets 20 days" does not prove "A gets 20 days": of the source's parts that hold a
    number of days, the one that shares most words with the claim holds another number.

    Args:
        asked: stems to go by where the claim is a bare number that answers a question.
    """
    named = {stem(word) for name in claim.names for word in name.words}
    sources = [
        _Source(part, part.stems | _pointed_at(window.everything, i), item.around)
        for i, item in enumerate(window.everything)
        for part in item.reading.parts
    ]
    for part in claim.parts:
        wanted = part.stems or frozenset(claim.stems) or asked
        say = {item: weight(item, rare) * (_NAME_SAY if item in named else 1.0) for item in wanted}
        if say and any(
            _other_fits_better(claim.stems, say, held, other) for held, other in _rivals(part, sources)
        ):
            return True
    return False


def _other_fits_better(
    claim: Sequence[str], say: Mapping[str, float], held: Sequence[_Source], other: Sequence[_Source]
) -> bool:
    if not held or not other:
        return False
    margin = 0.5 * sum(say.values()) / len(say)
    if (
        max(_shared(say, source.stems) for source in other)
        > max(_shared(say, source.stems) for source in held) + margin
    ):
        return True
    # Another part opens with what the claim opens with, and those that hold the item open with something
    # else.
    opens = bool(claim) and any(source.part.opening == claim[0] for source in other)
    if opens and not any(source.part.opening in claim for source in held):
        return True
    # "Members and students pay 20": of the students a part of their own says something else.
    of_all = frozenset(item for source in held for item in source.stems)
    return any(source.part.opening in say and source.part.opening not in of_all for source in other)


def subject_differs(claim: Reading, window: Window, rare: Mapping[str, float]) -> bool:
    """Whether the claim opens with another thing than its source.

    "Interns receive 20 days" is not what "Employees receive 20 days" says, however long the rest that both
    share. The passages know the thing from elsewhere, or it stands exactly where the source has another one.
    """
    if not claim.stems:
        return False
    if _other_agent(claim, window):
        return True
    subject, following = claim.stems[0], claim.stems[1:3]
    if subject in window.all_stems:
        return subject in window.stems and not _subject_at_home(subject, claim, window)
    if subject in rare:
        everywhere = {item for statement in window.everything for item in statement.stems}
        return not (window.points_back and subject in everywhere)
    openings = (statement.reading.stems for statement in window.statements)
    return any(
        len(following) == 2
        and stems[1:3] == following
        and stems[0] != subject
        and stems.count(stems[0]) > claim.stems.count(stems[0])
        for stems in openings
    )


def _other_agent(claim: Reading, window: Window) -> bool:
    """ "Hafen developed it" for "it was developed by Nordwerk for Hafen"."""
    if is_passive(claim.text):
        return False
    for statement in window.statements:
        for match in _BY.finditer(statement.reading.text):
            verb, agent = content_stems(match["verb"]), set(content_stems(match["agent"]))
            # The verb in the claim, and before it another than who did it.
            if verb and agent and verb[0] in claim.stems and claim.stems[0] in statement.stems:
                before = claim.stems[: claim.stems.index(verb[0])]
                return bool(before) and agent.isdisjoint(before)
    return False


def _subject_at_home(subject: str, claim: Reading, window: Window) -> bool:
    """Whether the subject, or a pronoun for it, stands in the statement that says most of the claim."""
    shared = [_said_by(statement, claim) for statement in window.statements]
    first = window.everything.index(window.statements[0])
    for at, (statement, count) in enumerate(zip(window.statements, shared, strict=True), first):
        if count < max(shared):
            continue
        if subject in statement.stems or subject in statement.context:
            return True
        pronoun = not PRONOUNS.isdisjoint(statement.reading.all_tokens)
        if pronoun and at and subject in window.everything[at - 1].stems:
            return True
    return False


def _said_by(statement: Statement, claim: Reading) -> int:
    values = {item.value for item in statement.reading.quantities if not item.implied}
    numbers = sum(item.value in values for item in claim.quantities if not item.implied)
    return len(statement.stems.intersection(claim.stems)) + numbers


def _pointed_at(statements: Sequence[Statement], index: int) -> frozenset[str]:
    """What a statement that points back also speaks of: what the sentence before speaks of."""
    return statements[index - 1].stems if index and statements[index].points_back else frozenset()


def _rivals(part: Part, sources: Sequence[_Source]) -> Iterator[tuple[list[_Source], list[_Source]]]:
    """For each exact item of the claim's part: source parts with its equal, and with another of its kind."""
    for item in part.quantities:
        if not item.implied:
            same = [
                s
                for s in sources
                if any(same_quantity(item, q, s.words | {item.noun}) for q in s.part.quantities)
            ]
            kind = [s for s in sources if any(_same_kind(item, q) for q in s.part.quantities)]
            yield _divide(same, kind)
    years = {date.year for source in sources for date in source.part.dates if date.year is not None}
    for date in part.dates:
        same = [s for s in sources if any(same_date(date, d, years) for d in s.part.dates)]
        yield _divide(same, [s for s in sources if s.part.dates])
    for clock in part.clocks:
        same = [s for s in sources if any(same_clock(clock, c) for c in s.part.clocks)]
        yield _divide(same, [s for s in sources if s.part.clocks])


def _same_kind(item: Quantity, other: Quantity) -> bool:
    """ "Two colons" is no rival of "ten seconds"; a bare number may be."""
    return not other.implied and (other.unit == item.unit or not (other.unit or other.noun))


def _divide(same: list[_Source], kind: list[_Source]) -> tuple[list[_Source], list[_Source]]:
    held = {id(source) for source in same}
    return same, [source for source in kind if id(source) not in held]


def _shared(say: Mapping[str, float], stems: frozenset[str]) -> float:
    return sum(worth for item, worth in say.items() if item in stems)
