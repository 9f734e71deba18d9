"""Dates and times of day in prose: "3 March 2026", "March 3rd", "2026-03-03", "9 a.m.", "17:30"."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from kb.rag.wordlists import MONTHS, NUMBER_WORDS

_MONTH = rf"(?P<month>{'|'.join(sorted(MONTHS, key=len, reverse=True))})\b\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?"
_DAYS = rf"(?:(?P<from>\d{{1,2}})(?:st|nd|rd|th)?\s?(?:-|to|and|or|until)\s?)?{_DAY}"
_YEAR = r"(?P<year>(?:1\d|20)\d\d)\b"
_DATES = (
    re.compile(rf"\b{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)\b"),
    re.compile(r"\b(?P<year>(?:19|20)\d\d)/(?P<month>\d\d)/(?P<day>\d\d)\b"),
    re.compile(r"\b(?P<day>\d{1,2})(?P<dot>[./])(?P<month>\d{1,2})(?P=dot)(?P<year>(?:19|20)?\d\d)\b"),
    re.compile(rf"(?<![\d-])\b{_DAYS} (?:of )?{_MONTH},?(?: {_YEAR})?", re.IGNORECASE),
    re.compile(rf"\b{_MONTH} {_DAYS.replace('{1,2}', '{1,2}(?![0-9])')}(?:,? {_YEAR})?", re.IGNORECASE),
    re.compile(rf"\b{_MONTH},? {_YEAR}", re.IGNORECASE),
)
_BARE_MONTH = re.compile(rf"\b{_MONTH}")
_BARE_YEAR = re.compile(
    r"(?<![\w.,/-])(?P<year>(?:19|20)\d\d)\b(?![\w/]|[.,]\d|\s?%| (?:eur|usd|euros?|dollars?"
    r"|employees|people)\b)",
    re.IGNORECASE,
)
_AMBIGUOUS_MONTHS = frozenset({"may", "mar", "sep", "dec", "jan"})
_HOURS = {word: value for word, value in NUMBER_WORDS.items() if 1 <= value <= 12}
_HOUR = rf"\d{{1,2}}|{'|'.join(_HOURS)}"
_HALF = r"(?P<half>[ap])\.?\s?m\b\.?"
_TIMES = (
    re.compile(
        rf"\b(?:(?P<first>{_HOUR})\s?(?:-|to)\s?)?(?P<hour>{_HOUR})(?:[:.](?P<minute>\d\d))?\s?{_HALF}",
        re.IGNORECASE,
    ),
    re.compile(r"\b(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::\d\d)?\b"),
    re.compile(rf"\b(?P<hour>{_HOUR}) o'clock\b", re.IGNORECASE),
)
_NOON = re.compile(r"\b(?P<name>noon|midday|midnight)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Date:
    """A date as precise as the text: any of year, month, day may be unknown.

    ``swapped`` is the other reading of 03/04/2026, where nobody can tell the day from the month.
    """

    year: int | None
    month: int | None
    day: int | None
    start: int
    end: int
    swapped: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day in minutes since midnight; ``certain`` when written with a.m., p.m. or in 24 hours."""

    minutes: int
    certain: bool
    start: int
    end: int


def find_dates(text: str) -> list[Date]:
    """Every date, month and year of plain text, in order; overlapping readings are not repeated."""
    found: list[Date] = []
    taken = bytearray(len(text))
    for pattern in _DATES:
        for match in pattern.finditer(text):
            if not any(taken[match.start() : match.end()]) and (dates := _dates(match)):
                found.extend(dates)
                taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
    for match in _BARE_MONTH.finditer(text.lower()):
        if not taken[match.start()] and _is_month_name(text, match):
            found.append(Date(None, MONTHS[match.group("month")], None, *match.span()))
    for match in _BARE_YEAR.finditer(text):
        if not taken[match.start()]:
            found.append(Date(int(match.group("year")), None, None, *match.span()))
    return sorted(found, key=lambda date: (date.start, date.end))


def find_clocks(text: str) -> list[Clock]:
    """Every time of day of plain text, in order."""
    found: list[Clock] = []
    taken = bytearray(len(text))
    for pattern in _TIMES:
        for match in pattern.finditer(text):
            if not any(taken[match.start() : match.end()]) and (clocks := _clocks(match)):
                found.extend(clocks)
                taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
    for match in _NOON.finditer(text):
        minutes = 0 if match.group("name").lower() == "midnight" else 720
        found.append(Clock(minutes, True, *match.span()))
    return sorted(found, key=lambda clock: clock.start)


def same_date(claim: Date, source: Date, years: Collection[int]) -> bool:
    """Whether the source's date says at least what the claim says.

    Args:
        years: years that stand elsewhere in the passage, its title or headings, for a source date without a
            year.
    """
    if (
        claim.year is not None
        and claim.year != source.year
        and (source.year is not None or claim.year not in years)
    ):
        return False
    if claim.year is not None and claim.month is None and claim.day is None:
        return True
    if claim.swapped and source.swapped and (claim.month, claim.day) == (source.day, source.month):
        return False
    return source.month == claim.month and claim.day in (None, source.day)


def same_clock(claim: Clock, source: Clock) -> bool:
    """Whether both are one time of day; "5:30" in one may be "5:30 pm" in the other."""
    if claim.minutes == source.minutes:
        return True
    return not (claim.certain and source.certain) and claim.minutes % 720 == source.minutes % 720


def _dates(match: re.Match[str]) -> list[Date]:
    groups = match.groupdict()
    month = MONTHS.get(groups["month"].lower()) or (int(groups["month"]) if groups["month"].isdigit() else 0)
    day = int(groups["day"]) if groups.get("day") else None
    year = int(groups["year"]) if groups.get("year") else None
    year = year + 2000 if year is not None and year < 100 else year
    if groups.get("dot") == "/" and day is not None and month > 12 >= day:
        day, month = month, day
    if not 1 <= month <= 12 or (day is not None and not 1 <= day <= 31):
        return []
    unsure = groups.get("dot") == "/" and day is not None and day <= 12 and day != month
    first = [Date(year, month, int(groups["from"]), *match.span())] if groups.get("from") else []
    return [*first, Date(year, month, day, *match.span(), swapped=unsure)]


def _is_month_name(text: str, match: re.Match[str]) -> bool:
    """Whether a lone month is one: it has a capital, and "May" and the like follow a preposition."""
    if not text[match.start()].isupper():
        return False
    if match.group("month") not in _AMBIGUOUS_MONTHS | {"march"}:
        return True
    return bool(
        re.search(
            r"\b(?:in|of|by|since|until|till|from|to|through|and|each|every|before|after|early|late|mid) $",
            text[: match.start()],
            re.IGNORECASE,
        )
    )


def _clocks(match: re.Match[str]) -> list[Clock]:
    groups = match.groupdict()
    half = (groups.get("half") or "").lower()
    first, hour, minute = (_number(groups.get(name)) for name in ("first", "hour", "minute"))
    if minute > 59 or max(first, hour) > (12 if half else 24):
        return []
    afternoon = 720 if half == "p" else 0
    clocks = []
    if groups.get("first"):
        # In "11-1 pm" the first is a morning hour: only its twelve-hour reading is certain.
        clocks.append(Clock(first % 12 * 60 + afternoon, False, *match.span()))
    certain = bool(half) or hour > 12 or match.group().startswith("0")
    minutes = (hour % 12 * 60 + afternoon if half else hour % 24 * 60) + minute
    return [*clocks, Clock(minutes, certain, *match.span())]


def _number(word: str | None) -> int:
    return _HOURS.get(word.lower()) or int(word) if word else 0
