"""Where a text holds e-mail addresses, telephone numbers, account and card numbers.

Account and card numbers count only with their right check digits, so that order numbers stay readable. The
text is read without invisible characters and with plain digits, spaces and dashes: what a person reads as a
number is one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

import re2

EMAIL, PHONE, IBAN, CARD = "email", "phone", "iban", "card"
KINDS = {EMAIL: "E-mail addresses", PHONE: "Telephone numbers", IBAN: "IBANs", CARD: "Card numbers"}

Span = tuple[int, int]

# The ways in which people write an address so that programs do not find it: "name (at) example [dot] org".
_LOCAL = r"""[^\s@<>()\[\]{},;:"'|]+"""
_LABEL = r"""[^\s@<>()\[\]{},;:"'|/.?!]+"""
_LAST = r"""[^\s@<>()\[\]{},;:"'|/.?!]{2,}"""
_IN_BRACKETS = r" ?[(\[{<] ?(?:%s) ?[)\]}>] ?"
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
    )
)
# Dates and office hours are made of the same characters as telephone numbers.
_NO_PHONE = re2.compile(
    r"^(?:\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})\b|\d{4}[./-]\d{1,2}[./-]\d{1,2}\b"
    r"|\d{1,2}\.\d{2} ?- ?\d{1,2}\.\d{2}\b)"
)
_IBAN = re2.compile(r"(?i)\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}")
_DIGITS = re2.compile(r"\d(?:[ -]?\d)*")
_CARD_DIGITS = range(13, 20)
_IBAN_CHARS = range(15, 35)


def find_personal(text: str, kinds: Iterable[str]) -> list[tuple[Span, str]]:
    """Spans [start, end) with their kind, from left to right; overlapping ones are joined."""
    folded, at = _folded(text)
    found = [(span, kind) for kind in _IN_ORDER if kind in set(kinds) for span in _FINDERS[kind](folded)]
    joined: list[tuple[Span, str]] = []
    for (start, end), kind in sorted(found):
        if joined and start < joined[-1][0][1]:
            (first, last), earlier = joined[-1]
            joined[-1] = ((first, max(last, end)), earlier)
        else:
            joined.append(((start, end), kind))
    return [((at[start], at[end - 1] + 1), kind) for (start, end), kind in joined]


def _emails(text: str) -> Iterator[Span]:
    for pattern in _EMAILS:
        for match in pattern.finditer(text):
            if not _NO_DOMAIN.search(match.group()):
                yield match.span()


def _phones(text: str) -> Iterator[Span]:
    for pattern in _PHONES:
        for match in pattern.finditer(text):
            start, end = match.span()
            follows = text[end : end + 1]
            if not _NO_PHONE.search(text[start:end]) and not follows.isalnum():
                yield start, end


def _ibans(text: str) -> Iterator[Span]:
    """The longest prefix of a candidate that has the right check digits (ISO 13616, modulo 97)."""
    position = 0
    while (match := _IBAN.search(text, position)) is not None:
        start, end = match.span()
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
    """Whole groups of a row of digits, 13 to 19 of them, whose last is the check digit (Luhn, ISO 7812)."""
    for match in _DIGITS.finditer(text):
        groups = _groups(text, *match.span())
        i = 0
        while i < len(groups):
            end = _card_end(text, groups[i : i + _CARD_DIGITS[-1]])
            if end is None:
                i += 1
                continue
            yield groups[i][0], end
            while i < len(groups) and groups[i][0] < end:
                i += 1


def _groups(text: str, start: int, end: int) -> list[Span]:
    spans = []
    begin = start
    for i in range(start, end):
        if text[i] in " -":
            spans.append((begin, i))
            begin = i + 1
    return [*spans, (begin, end)]


def _card_end(text: str, groups: list[Span]) -> int | None:
    digits = ""
    best = None
    for start, end in groups:
        digits += text[start:end]
        if len(digits) > _CARD_DIGITS[-1]:
            break
        if len(digits) in _CARD_DIGITS and _luhn(digits):
            best = end
    return best


def _luhn(digits: str) -> bool:
    if len(set(digits)) == 1:
        return False
    values = [int(digit) for digit in reversed(digits)]
    doubled = [value * 2 - 9 if value > 4 else value * 2 for value in values[1::2]]
    return (sum(values[::2]) + sum(doubled)) % 10 == 0


def _folded(text: str) -> tuple[str, list[int]]:
    """Plain characters, and for each its place in the text; invisible ones are left out."""
    folded, at = [], []
    for i, character in enumerate(text):
        if character.isascii():
            plain = " " if character in "\n\t\r" else character
        elif unicodedata.category(character) == "Cf":
            continue
        elif unicodedata.category(character) == "Zs":
            plain = " "
        elif unicodedata.category(character) == "Pd" or character == "\u2212":
            plain = "-"
        else:
            plain = unicodedata.normalize("NFKC", character)[:1] or character
        folded.append(plain)
        at.append(i)
    return "".join(folded), at


_FINDERS = {EMAIL: _emails, IBAN: _ibans, CARD: _cards, PHONE: _phones}
_IN_ORDER = (EMAIL, IBAN, CARD, PHONE)
