"""Numbers in prose with their units: "fourteen days", "EUR 1,000", "10 to 14 %", "at least 3 months"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from kb.rag.wordlists import NUMBER_WORDS, ORDINAL_WORDS, PERIODS, SCALES, STOP_WORDS, UNITS
from kb.rag.words import stem, tokens

_TENS = "|".join(word for word, value in NUMBER_WORDS.items() if value >= 20)
_ONES = "|".join(word for word, value in NUMBER_WORDS.items() if value < 20)
_SMALL = rf"(?:(?:{_TENS})(?:[- ](?:{_ONES}))?|(?:{_ONES}))"
_HUNDREDS = rf"(?:(?:{_SMALL}|a) hundred(?: (?:and )?{_SMALL})?|{_SMALL})"
_IN_WORDS = (
    rf"(?:(?:{_HUNDREDS}|a) (?:thousand|million|billion)(?: (?:and )?{_HUNDREDS})?|{_HUNDREDS}"
    r"|(?:a )?dozen|half(?: an?)?)"
)
_DIGITS = r"(?:(?<![\w)-])-)?(?:\d{1,3}(?:[,' ]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:[.,]\d+)*)(?:\^-?\d+)?"
_MONEY = r"(?:us\$|[$\u20ac\u00a3\u00a5]|\b(?:usd|eur|gbp|chf|jpy)(?![a-z]))"
_UNIT = "|".join(sorted((re.escape(unit) for unit in UNITS), key=len, reverse=True))
_QUANTITY = re.compile(
    rf"(?:(?P<money>{_MONEY})\s?|(?<![\w.,]))"
    rf"(?:(?P<digits>{_DIGITS})|(?P<words>\b{_IN_WORDS}\b)(?: \(\d+\))?)"
    r"(?P<scale>(?:k|bn)\b| (?:thousand|million|billion|dozen|hundred)\b|m\b)?"
    rf"(?P<ordinal>(?:st|nd|rd|th)\b)?(?:[- ]?(?P<quality>working|business|calendar|consecutive|full)\b)?"
    rf"(?:[- ]?(?:per cent\b|(?P<unit>{_UNIT})(?!\w)))?",
    re.IGNORECASE,
)
_ORDINAL = re.compile(rf"\b({'|'.join(ORDINAL_WORDS)})\b(?!,)", re.IGNORECASE)
_TWICE = re.compile(r"\btwice\b", re.IGNORECASE)
_ONE = re.compile(r"\b(?:an?|one|single)[ -](?:(working|business) )?([^\W\d_]{3,})", re.IGNORECASE)
_NOUN = re.compile(r"[- ]((?!\d)[^\W_]{3,})")
_JOINED = re.compile(r"\s*(?:-|to|and|or|through|until|bis)\s*", re.IGNORECASE)
_AT_LEAST = re.compile(
    r"(?:at least|(?:a )?minimum(?: of)?|not? (?:fewer|less) than|more than|over|exceed(?:s|ing)?|above"
    r"|beyond|after)\s*$",
    re.IGNORECASE,
)
_AT_MOST = re.compile(
    r"(?:at most|(?:a )?maximum(?: of)?|not? (?:more|later|longer) than|up to|under|below|within"
    r"|(?<!no )(?<!not )(?:less|fewer) than|(?:not|n't) exceed(?:ing)?)\s*$",
    re.IGNORECASE,
)
_OR_MORE = re.compile(r"\s*(?:or (?:more|above|older|longer|higher)|minimum)\b", re.IGNORECASE)
_OR_LESS = re.compile(r"\s*(?:or (?:less|fewer|below|under|younger|shorter|lower)|maximum)\b", re.IGNORECASE)
_EVERY = frozenset({"every", "each", "alle"})
_DECIMAL = re.compile(r"-?\d+(?:\.\d+)?")
_GROUPED = re.compile(r"-?\d{1,3}(?:[,' ]\d{3})+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as it stands in a text, at ``text[start:end]`` with its unit.

    Attributes:
        value: canonical decimal ("1000", "0.5"), or the literal where digits are ambiguous ("1.000,50").
        unit: canonical name of a known unit ("day", "working day", "EUR", "%"), "nth" for an ordinal, or "".
        noun: stem of the word that follows a number without a known unit: what is counted.
        bound: "min" or "max" where words beside it make it a limit.
        implied: written as an article ("a week"): it can prove "one week", but claims nothing.
    """

    value: str
    unit: str
    noun: str
    bound: str
    start: int
    end: int
    implied: bool = False


def find_quantities(text: str) -> list[Quantity]:
    """Every number of plain text, in order. Dates, times and identifiers must have been blanked out."""
    found = [_quantity(text, match) for match in _QUANTITY.finditer(text)]
    found = [
        item for item in found if item.value != "1" or item.unit or item.noun or text[item.end - 1].isdigit()
    ]
    found += [
        Quantity(str(ORDINAL_WORDS[m.group(1).casefold()]), "nth", "", "", *m.span())
        for m in _ORDINAL.finditer(text)
    ]
    found += [Quantity("2", "time", "", "", *match.span()) for match in _TWICE.finditer(text)]
    found += [_implied(match) for match in _ONE.finditer(text)]
    return _share_units(text, sorted(found, key=lambda item: item.start))


def same_quantity(claim: Quantity, source: Quantity, source_stems: Iterable[str]) -> bool:
    """Whether the source's number is the claimed one: same value and unit. `limits` compares the rest.

    Args:
        source_stems: stems of all words around the source's number; a unit or a noun may stand apart from it,
            as in a table whose header says "days".
    """
    if claim.value != source.value:
        return False
    if claim.unit == source.unit:
        return not claim.noun or claim.noun == source.noun or claim.noun in source_stems
    if claim.unit and not source.unit:
        return (
            not source.noun
            and claim.unit != "nth"
            and all(stem(word) in source_stems for word in tokens(claim.unit) or [claim.unit])
        )
    return not claim.unit and source.unit != "nth" and (not claim.noun or claim.noun in source_stems)


def periods(text: str) -> frozenset[str]:
    """The units of time that plain text speaks of, "weekly" and "per week" alike; "every two weeks" is a
    period of its own."""
    words = tokens(text)
    found = set()
    for at, token in enumerate(words):
        if token in PERIODS:
            every = at > 1 and words[at - 2] in _EVERY and _count(words[at - 1])
            found.add(f"{every} {PERIODS[token]}" if every else PERIODS[token])
    return frozenset(found)


def _count(word: str) -> str:
    return word if word.isdigit() else str(NUMBER_WORDS.get(word, ""))


def canonical(digits: str) -> str:
    """One form for one number: "1,000" is "1000"; "1.000" may be one or a thousand and stays literal."""
    if _GROUPED.fullmatch(digits):
        digits = re.sub("[,' ]", "", digits)
    elif re.fullmatch(r"-?\d+,\d{1,2}", digits):
        digits = digits.replace(",", ".")
    elif re.fullmatch(r"-?[1-9]\d{0,2}\.\d{3}", digits) or re.fullmatch(r"0\d+", digits):
        return digits
    return _shortest(Decimal(digits)) if _DECIMAL.fullmatch(digits) else digits


def _quantity(text: str, match: re.Match[str]) -> Quantity:
    words = match.group("words")
    value = _from_words(words) if words else canonical(match.group("digits"))
    scale = (match.group("scale") or "").strip().casefold()
    unit = match.group("unit") or ("%" if match.group().casefold().endswith("per cent") else "")
    if scale == "m" and not match.group("money"):
        scale, unit = "", "m"
    if scale and _DECIMAL.fullmatch(value):
        value = _shortest(Decimal(value) * SCALES[scale])
    name = _unit(match.group("quality") or "", unit or match.group("money") or "")
    if match.group("ordinal"):
        name = "nth"
    noun = _NOUN.match(text, match.end()) if not name else None
    counted = noun.group(1).casefold() if noun else ""
    start = match.end() - len(match.group().lstrip())
    return Quantity(
        value,
        name,
        stem(counted) if counted and counted not in STOP_WORDS else "",
        _bound(text, start, match.end()),
        start,
        match.end(),
    )


def _implied(article: re.Match[str]) -> Quantity:
    unit = _unit(article.group(1) or "", article.group(2))
    noun = "" if unit else stem(article.group(2).casefold())
    return Quantity("1", unit, noun, "", *article.span(), implied=True)


def _unit(quality: str, unit: str) -> str:
    name = UNITS.get(unit.casefold(), "")
    return f"working {name}" if quality.casefold() in ("working", "business") and name else name


def _from_words(words: str) -> str:
    if words.casefold().startswith("half"):
        return "0.5"
    total = current = 0
    for word in re.split(r"[- ]", words.casefold()):
        if word in NUMBER_WORDS:
            current += NUMBER_WORDS[word]
        elif word in ("hundred", "dozen"):
            current = (current or 1) * SCALES[word]
        elif word in SCALES:
            total += (current or 1) * SCALES[word]
            current = 0
    return str(total + current)


def _bound(text: str, start: int, end: int) -> str:
    before = text[max(0, start - 30) : start]
    if _AT_MOST.search(before) or _OR_LESS.match(text, end):
        return "max"
    return "min" if _AT_LEAST.search(before) or _OR_MORE.match(text, end) else ""


def _share_units(text: str, found: list[Quantity]) -> list[Quantity]:
    """In "10 to 14 days" and "EUR 10-20" both numbers have the unit."""
    for i in range(len(found) - 2, -1, -1):
        first, second = found[i], found[i + 1]
        if not _JOINED.fullmatch(text, first.end, second.start):
            continue
        if not first.unit and (second.unit not in ("", "nth") or second.noun):
            found[i] = replace(first, unit=second.unit, noun=second.noun)
        elif first.unit and not second.unit and not second.noun and not second.implied:
            found[i + 1] = replace(second, unit=first.unit)
    return found


def _shortest(value: Decimal) -> str:
    return format(value.normalize(), "f")
