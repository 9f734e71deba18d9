"""The exact part of a support check: what a sentence may only say if its source says the same.

Each check compares a claim with a window of consecutive statements of one passage and names what differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kb.rag.agreement import negation_differs, opposite_said
from kb.rag.dates import same_clock, same_date
from kb.rag.limits import limit_differs
from kb.rag.names import Name
from kb.rag.prepositions import turned_by_preposition
from kb.rag.quantities import same_quantity
from kb.rag.reading import Reading
from kb.rag.struck import without_struck
from kb.rag.tables import cell_differs
from kb.rag.window import Window
from kb.rag.wordlists import STOP_WORDS
from kb.rag.words import plain, stem
from kb.rag.years import named, years_of


def first_difference(claim: Reading, window: Window) -> str:
    """The stable reason why the window does not say exactly what the claim says; "" when it does."""
    checks = (
        ("quotation_not_in_source", _quotation_missing), ("identifier_not_in_source", _identifier_missing),
        ("number_not_in_source", _number_missing), ("unit_differs", _unit_differs),
        ("limit_differs", limit_differs), ("date_not_in_source", _date_missing),
        ("time_not_in_source", _time_missing),
        ("name_not_in_source", _name_missing), ("negation_differs", negation_differs),
        ("opposite_in_source", opposite_said), ("opposite_in_source", turned_by_preposition),
        ("belongs_to_other", cell_differs),
    )  # fmt: skip
    return next((reason for reason, differs in checks if differs(claim, window)), "")


def _quotation_missing(claim: Reading, window: Window) -> bool:
    if not claim.quotations:
        return False
    source = " ".join(plain(without_struck(window.passage_text)).casefold().split())
    return any(" ".join(quote.casefold().split()).strip(".,;") not in source for quote in claim.quotations)


def _identifier_missing(claim: Reading, window: Window) -> bool:
    found = {item for statement in window.statements for item in statement.reading.identifiers}
    return any(
        item not in found and not contains(window.all_tokens, _folded(item)) for item in claim.identifiers
    )


def _number_missing(claim: Reading, window: Window) -> bool:
    """Values only; a right value with a wrong unit is the next check's finding."""
    values = {item.value for statement in window.statements for item in statement.reading.quantities}
    values |= {str(date.year) for statement in window.statements for date in statement.reading.dates}
    return any(item.value not in values for item in claim.quantities if not item.implied)


def _unit_differs(claim: Reading, window: Window) -> bool:
    for item in claim.quantities:
        if item.implied or (
            item.unit == "" and item.value in {str(year) for year in named(window.statements)}
        ):
            continue
        sources = (
            (source, statement) for statement in window.statements for source in statement.reading.quantities
        )
        if not any(same_quantity(item, source, statement.around) for source, statement in sources):
            return True
    said = frozenset(period for statement in window.statements for period in statement.reading.periods)
    return not claim.periods <= said


def _date_missing(claim: Reading, window: Window) -> bool:
    if not claim.weekdays <= {day for statement in window.statements for day in statement.reading.weekdays}:
        return True
    years = years_of(window)
    numbers = {item.value for statement in window.statements for item in statement.reading.quantities}
    for date in claim.dates:
        bare_year = date.month is None and date.day is None
        if bare_year and (date.year in years or str(date.year) in numbers):
            continue
        sources = (source for statement in window.statements for source in statement.reading.dates)
        if not any(same_date(date, source, years) for source in sources):
            return True
    return False


def _time_missing(claim: Reading, window: Window) -> bool:
    sources = [clock for statement in window.statements for clock in statement.reading.clocks]
    return any(not any(same_clock(clock, source) for source in sources) for clock in claim.clocks)


def _name_missing(claim: Reading, window: Window) -> bool:
    near = [stem(token) for token in window.all_tokens]
    places = [near, list(window.context)]
    if window.points_back:
        places.append(
            [stem(token) for statement in window.everything for token in statement.reading.all_tokens]
        )
    return any(not _name_in(name, places) for name in claim.names)


def _name_in(name: Name, places: Iterable[Sequence[str]]) -> bool:
    words = [stem(word) for word in name.words]
    heavy = [stem(word) for word in name.words if word not in STOP_WORDS] or words
    for place in places:
        if contains(place, words) or contains([word for word in place if word not in STOP_WORDS], heavy):
            return True
        apart = len(words) > 4 or (name.opens and contains(place, words[1:]))
        if apart and set(heavy) <= set(place):
            return True
    return False


def _folded(identifier: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in identifier.casefold()).split()


def contains(place: Sequence[str], words: Sequence[str]) -> bool:
    """Whether the words stand in the place one behind the other."""
    return f" {' '.join(words)} " in f" {' '.join(place)} "
