"""Errors of fact: another number, unit, date or name than the passage's."""

from __future__ import annotations

import random
import re

from kb.quality.planting.phrases import MONTHS, NAME, WEEKDAYS, shape_of
from kb.quality.planting.source import Source

NUMBERS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
_MONTH = "|".join(MONTHS)
_LABELS = "".join(f"(?<!{word} )" for word in ("Section", "Part", "No.", "Chapter", "Form", "Step", "May"))
# A number that counts or measures: none of a year, a date, a clock, a code or a section.
_DIGITS = re.compile(
    rf"(?<![\w.,:/#'-]){_LABELS}(?P<number>\d{{1,3}}(?:,\d{{3}})+|\d+(?:\.\d+)?)"
    rf"(?![\w:/'-]|[.,]\d|st\b|nd\b|rd\b|th\b)(?! (?:{_MONTH})\b)"
)
_IN_WORDS = re.compile(rf"(?<![\w-])(?:{'|'.join(NUMBERS[2:])})(?![\w-])")
_YEAR = re.compile(r"(?<![\w.,$-])(?:1[4-9]|20)\d\d(?![\w,%-]| (?:people|dollars|years|feet|miles))")
_UNITS = (
    ("minutes", "hours", "days", "weeks", "months", "years", "seconds"),
    ("minute", "hour", "day", "week", "month", "year"),
    ("miles", "kilometres", "metres", "feet", "inches"),
    ("mm", "cm", "km"),
    ("kg", "pounds", "tonnes"),
    ("dollars", "euros", "pounds", "cents"),
    ("million", "billion", "thousand"),
    ("percent", "dollars"),
    ("MB", "GB", "TB"),
)
_UNIT_NAMES = "|".join(sorted({unit for group in _UNITS for unit in group}))
_UNIT = re.compile(
    rf"(?<![\w.,$-])(?:\d[\d,.]*|{'|'.join(NUMBERS[1:])}|hundred)[ -]"
    rf"(?:(?:business|working|calendar|full) )?(?P<unit>{_UNIT_NAMES})\b"
)
_UNLIKE_YEARS = re.compile(r"\b(?:page|room|form|no|number)\.? $", re.IGNORECASE)


def other_number(source: Source, chance: random.Random) -> str | None:
    """A number, in digits or in words, becomes one that the passage does not have."""
    sentence = source.sentence
    years = {match.span() for match in _YEAR.finditer(sentence)}
    found = [match.span("number") for match in _DIGITS.finditer(sentence)]
    spans = [span for span in found if span not in years and sentence[slice(*span)] not in ("0", "1")]
    spans += [match.span() for match in _IN_WORDS.finditer(sentence)]
    if not spans:
        return None
    start, end = chance.choice(spans)
    old = sentence[start:end]
    for _ in range(10):
        new = _number_beside(old, chance)
        if new != old and not source.mentions(new) and not _said_in_words(new, source):
            return sentence[:start] + new + sentence[end:]
    return None


def _number_beside(old: str, chance: random.Random) -> str:
    if old in NUMBERS:
        return chance.choice(NUMBERS[2:])
    if "." in old:
        places = len(old.partition(".")[2])
        return f"{float(old) * chance.choice((0.5, 0.9, 1.1, 1.5, 2, 3)):.{places}f}"
    value = int(old.replace(",", ""))
    step = (
        chance.choice((1, 2, 3, 5, 7))
        if value < 20
        else chance.choice((1, 5, value // 10, value // 2, value))
    )
    new = value + step if value - step < 2 or chance.random() < 0.5 else value - step
    return f"{new:,}" if "," in old else str(new)


def _said_in_words(number: str, source: Source) -> bool:
    if number in NUMBERS:
        return source.mentions(str(NUMBERS.index(number)))
    return number.isdigit() and int(number) < len(NUMBERS) and source.mentions(NUMBERS[int(number)])


def other_unit(source: Source, chance: random.Random) -> str | None:
    """The unit of a number becomes another of its kind; nowhere in the passage has the number that one."""
    found = list(_UNIT.finditer(source.sentence))
    if not found:
        return None
    match = chance.choice(found)
    old = match.group("unit")
    others = [unit for group in _UNITS if old in group for unit in group if unit != old]
    new = chance.choice(others)
    number = source.sentence[match.start() : match.start("unit")]
    if source.mentions(f"{number}{new}"):
        return None
    return source.sentence[: match.start("unit")] + new + source.sentence[match.end("unit") :]


def other_date(source: Source, chance: random.Random) -> str | None:
    """A year, a month, a day of a month or a day of the week becomes one that the passage does not have."""
    sentence = source.sentence
    years = [m.span() for m in _YEAR.finditer(sentence) if not _UNLIKE_YEARS.search(sentence[: m.start()])]
    months = [
        m.span(1)
        for m in re.finditer(rf"\b({_MONTH})\b(?=,? \d)|(?<=\d )({_MONTH})\b", sentence)
        if m.group(1)
    ]
    days = [m.span(1) for m in re.finditer(rf"\b(?:{_MONTH}) (\d{{1,2}})(?![\w])", sentence)]
    days += [m.span(1) for m in re.finditer(rf"(?<![\d.,])(\d{{1,2}}) (?:{_MONTH})\b", sentence)]
    weekdays = [m.span() for m in re.finditer(rf"\b(?:{'|'.join(WEEKDAYS)})(?=s?\b)", sentence)]
    spans = [*years, *months, *days, *weekdays]
    if not spans:
        return None
    start, end = chance.choice(spans)
    old = sentence[start:end]
    for _ in range(10):
        new = _date_beside(old, chance)
        if new != old and not source.mentions(new):
            return sentence[:start] + new + sentence[end:]
    return None


def _date_beside(old: str, chance: random.Random) -> str:
    if old in MONTHS:
        return chance.choice(MONTHS)
    if old in WEEKDAYS:
        return chance.choice(WEEKDAYS)
    if len(old) == 4:
        return str(int(old) + chance.choice((-20, -10, -3, -2, -1, 1, 2, 3, 10)))
    return str(chance.randint(1, 28))


def other_name(source: Source, chance: random.Random) -> str | None:
    """A name becomes one of the same shape that the passage does not hold any word of."""
    found = [match for match in NAME.finditer(source.sentence) if match.start() or " " in match.group()]
    found = [match for match in found if shape_of(match.group()) and _stands_free(source.sentence, match)]
    if not found:
        return None
    match = chance.choice(found)
    fits = [
        name
        for name in source.strangers
        if shape_of(name) == shape_of(match.group())
        and (name[0] in "AEIOU") == (match.group()[0] in "AEIOU")
        and not any(source.mentions(word) for word in name.split())
    ]
    if not fits:
        return None
    return source.sentence[: match.start()] + chance.choice(fits) + source.sentence[match.end() :]


def _stands_free(sentence: str, match: re.Match[str]) -> bool:
    """Whether the whole name was found: no capital, number or "of" beside it that belongs to it."""
    before, after = sentence[: match.start()].split()[-2:], sentence[match.end() :].split()[:2]
    near = [*(before[-1:]), *(after[:1])]
    if any(word[:1].isupper() or word[:1].isdigit() for word in near):
        return False
    if match.start() and sentence[match.start() - 1] not in " (":
        return False
    return not (len(after) == 2 and after[0] in ("of", "and", "&", "for") and after[1][:1].isupper())
