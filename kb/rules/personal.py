"""Where a text holds e-mail addresses, telephone numbers, account and card numbers.

Account and card numbers count only with their right check digits, so that order numbers stay readable. The
text is read as `kb.rules.folding` does: what a person reads as a number is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import re2

from kb.rules.folding import fold

EMAIL, PHONE, IBAN, CARD = "email", "phone", "iban", "card"
KINDS = {EMAIL: "E-mail addresses", PHONE: "Telephone numbers", IBAN: "IBANs", CARD: "Card numbers"}

Span = tuple[int, int]

# The ways in which people write an address so that programs do not find it: "name (at) example [dot] org".
_LOCAL = r"""[^\s@<>()\[\]{},;:"'|]+"""
_LABEL = r"""[^\s@<>()\[\]{},;:"'|/.?!]+"""
_LAST = r"""[^\s@<>()\[\]{},;:"'|/.?!]{2,}"""
_IN_BRACKETS = r" {0,2}[(\[{<] ?(?:%s) ?[)\]}>] {0,2}"
_AT = rf"(?: ?@ ?|{_IN_BRACKETS % 'at|ät|@'})"
_DOT = rf"(?:\.|{_IN_BRACKETS % 'dot|punkt|[.]'}| (?:dot|punkt) )"
_SAID_DOT = r" (?:dot|punkt) "
_EMAILS = tuple(
    re2.compile(f"(?i){pattern}")
    for pattern in (
        rf"{_LOCAL}@[^\s@<>()\[\]{{}},;:\"'|/]+\.{_LAST}",
        rf"{_LOCAL}(?:{_DOT}{_LOCAL})*{_AT}{_LABEL}(?:{_DOT}{_LABEL})*{_DOT}{_LAST}",
        rf"{_LOCAL}(?:{_DOT}{_LOCAL})* at {_LABEL}(?:{_SAID_DOT}{_LABEL})*{_SAID_DOT}{_LAST}",
        rf'"[^"@]{{1,64}}"{_AT}{_LABEL}(?:{_DOT}{_LABEL})*{_DOT}{_LAST}',
    )
)
# "Look at the dot on the map."
_NO_DOMAIN = re2.compile(r"(?i) at (?:the|an?|this|that|each|every|any|my|your|our|its|their) ")
_PHONES = tuple(
    re2.compile(pattern)
    for pattern in (
        r"(?:\+|\b00)[1-9](?:[ ()./-]{0,3}\d){6,14}",
        r"\(?\b0[1-9]\d{0,4}\)?(?:[ ()./-]{0,3}\d){5,11}\b",
        r"\(?\b[2-9]\d{2}\)?[ .-]{1,2}\d{3}[ .-]\d{4}\b",
        r"\([2-9]\d{2}\) ?\d{3}[ .-]?\d{4}\b",
    )
)
# Dates and office hours are made of the same characters as telephone numbers.
_NO_PHONE = re2.compile(
    r"^(?:\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})\b|\d{4}[./-]\d{1,2}[./-]\d{1,2}\b"
    r"|\d{1,2}\.\d{2} ?- ?\d{1,2}\.\d{2}\b)"
)
# "IBANDE89..." is written together now and then; a country apart from its digits counts in capitals alone.
_IBAN = re2.compile(
    r"\b(?:(?i:IBAN[ :]{0,2})?((?i:[A-Z]{2}\d{2}(?:[ .-]{0,2}[A-Z0-9]){11,30}))"
    r"|([A-Z]{2} \d{2}(?: {1,2}[A-Z0-9]{4}){2,7}(?: {1,2}[A-Z0-9]{1,3})?\b))"
)
_DIGITS = re2.compile(r"\d(?:[ .-]{0,2}\d)*")
# "4111.1111" may be a card; "1.234.567" is a sum.
_CARD_GROUP = range(4, 8)
_CARD_DIGITS = range(13, 20)
_IBAN_CHARS = range(15, 35)


def find_personal(text: str, kinds: Iterable[str]) -> list[tuple[Span, str]]:
    """Spans [start, end) with their kind, from left to right; overlapping ones are joined."""
    folded = fold(text)
    wanted = set(kinds)
    found = [(span, kind) for kind in _IN_ORDER if kind in wanted for span in _FINDERS[kind](folded.text)]
    joined: list[tuple[Span, str]] = []
    for (start, end), kind in sorted(found):
        if joined and start < joined[-1][0][1]:
            (first, last), earlier = joined[-1]
            joined[-1] = ((first, max(last, end)), earlier)
        else:
            joined.append(((start, end), kind))
    return [(folded.original(*span), kind) for span, kind in joined]


def _emails(text: str) -> Iterator[Span]:
    for pattern in _EMAILS:
        for match in pattern.finditer(text):
            if not _NO_DOMAIN.search(match.group()):
                yield match.span()


def _phones(text: str) -> Iterator[Span]:
    text = _apart(text)
    for pattern in _PHONES:
        for match in pattern.finditer(text):
            start, end = match.span()
            follows = text[end : end + 1]
            if not _NO_PHONE.search(text[start:end]) and not follows.isalnum():
                yield start, end


def _ibans(text: str) -> Iterator[Span]:
    """The longest prefix of a candidate that has the right check digits (ISO 13616, modulo 97)."""
    text = _apart(text)
    position = 0
    while (match := _IBAN.search(text, position)) is not None:
        start, end = match.span(1 if match[1] else 2)
        ends = [i for i in range(end, start, -1) if i == len(text) or not text[i].isalnum() or i == end]
        good = next((i for i in ends if _is_iban(text[start:i])), None)
        if good is not None:
            yield start, good
        position = good or start + 4


def _is_iban(candidate: str) -> bool:
    packed = "".join(c for c in candidate.upper() if c.isalnum())
    if len(packed) not in _IBAN_CHARS or not candidate[-1].isalnum():
        return False
    return int("".join(str(int(c, 36)) for c in packed[4:] + packed[:4])) % 97 == 1


def _cards(text: str) -> Iterator[Span]:
    """Whole groups of a row of digits, 13 to 19 of them, whose last is the check digit (Luhn, ISO 7812).

    A number before the first group may pass together with a part of the card: all that pass are given.
    """
    text = _apart(text)
    for match in _DIGITS.finditer(text):
        groups = list(_groups(text, *match.span()))
        for at in range(len(groups)):
            yield from _cards_from(text, groups[at : at + _CARD_DIGITS[-1]])


def _groups(text: str, start: int, end: int) -> Iterator[Span]:
    at = start
    for i in range(start, end):
        if not text[i].isdigit():
            if at < i:
                yield at, i
            at = i + 1
    yield at, end


def _cards_from(text: str, groups: list[Span]) -> Iterator[Span]:
    digits, dotted = "", False
    for i, (start, end) in enumerate(groups):
        dotted |= i > 0 and "." in text[groups[i - 1][1] : start]
        digits += text[start:end]
        if len(digits) > _CARD_DIGITS[-1]:
            return
        if len(digits) in _CARD_DIGITS and _luhn(digits):
            parts = [last - first for first, last in groups[: i + 1]]
            if not dotted or all(part in _CARD_GROUP for part in parts):
                yield groups[0][0], end


def _apart(text: str) -> str:
    """With gaps for what emphasis and file names are made of."""
    return text.replace("_", " ")


def _luhn(digits: str) -> bool:
    if len(set(digits)) == 1:
        return False
    values = [int(digit) for digit in reversed(digits)]
    doubled = [value * 2 - 9 if value > 4 else value * 2 for value in values[1::2]]
    return (sum(values[::2]) + sum(doubled)) % 10 == 0


_FINDERS = {EMAIL: _emails, IBAN: _ibans, CARD: _cards, PHONE: _phones}
_IN_ORDER = (EMAIL, IBAN, CARD, PHONE)
