"""The values of a sentence, in order: what two statements about one thing can disagree on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.rag.dates import Clock, Date
from kb.rag.quantities import Quantity
from kb.rag.reading import Reading

NUMBER, AMOUNT, DURATION, PERCENTAGE, DATE, TIME = (
    "number",
    "amount",
    "duration",
    "percentage",
    "date",
    "time",
)
_TIMES = frozenset({"second", "minute", "hour", "day", "week", "month", "quarter", "year"})
_MONEY = frozenset({"EUR", "USD", "GBP", "CHF", "JPY"})
# A number behind or before one of these names a thing and does not measure it: "step 3", "room 12".
_LABEL = re.compile(
    r"\b(?:step|section|chapter|page|figure|fig|table|phase|part|level|tier|version|item|question|appendix|annex"
    r"|article|paragraph|number|no|nr|room|building|floor|option|class|grade|type|line|extension|ext|phone|fax"
    r"|iso|form|code|port|route|gate|zone|week|day|year|quarter|month|release|issue|ticket)\.? ?#?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Value:
    """One value at ``text[start:end]`` of a reading.

    Attributes:
        kind: of values that may be held against each other; the unit is a part of it.
        named: NUMBER, AMOUNT, DURATION, PERCENTAGE, DATE or TIME.
        same: equal for equal values.
        comparable: whether a difference says that the sources disagree; years, months and numbers that name
            something only tell apart what is spoken of.
        bound: "min" or "max" of a limit.
    """

    kind: str
    named: str
    same: str
    comparable: bool
    bound: str
    start: int
    end: int

    @property
    def counted(self) -> str:
        """The unit, where it says what is spoken of as a word does: "characters", not "days" or "EUR"."""
        return self.kind.partition(":")[2] if self.named == NUMBER else ""


def values_of(reading: Reading) -> tuple[Value, ...]:
    """Every value, in the order of the text."""
    found = [_number(reading.text, item) for item in reading.quantities if not item.implied]
    found += [_date(item) for item in reading.dates]
    found += [_clock(item) for item in reading.clocks]
    return tuple(sorted(found, key=lambda value: (value.start, value.end)))


def _number(text: str, item: Quantity) -> Value:
    base = item.unit.removeprefix("working ")
    named = NUMBER
    if base in _TIMES:
        named = DURATION
    elif item.unit in _MONEY:
        named = AMOUNT
    elif item.unit == "%":
        named = PERCENTAGE
    label = item.unit == "nth" or _LABEL.search(text, max(0, item.start - 20), item.start) is not None
    # "2. Book the flight": the place in a list.
    label = label or (not text[: item.start].strip("* ") and text[item.end : item.end + 1] in (".", ")"))
    # The article of "a year" may be read as a number elsewhere; the noun is compared with the words.
    return Value(
        f"{named}:{item.unit}",
        named,
        f"{item.value} {item.unit}",
        not label,
        item.bound,
        item.start,
        item.end,
    )


def _date(item: Date) -> Value:
    whole = item.month is not None and item.day is not None
    same = f"{item.year or ''}-{item.month or ''}-{item.day or ''}"
    kind = "date" if whole else "year" if item.month is None else "month"
    return Value(kind, DATE, same, whole and not item.swapped, "", item.start, item.end)


def _clock(item: Clock) -> Value:
    return Value("time", TIME, str(item.minutes), item.certain, "", item.start, item.end)
