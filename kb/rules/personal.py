"""Where a text holds e-mail addresses, telephone numbers, account and card numbers.

Account and card numbers count only with their right check digits, so that order numbers stay readable. The
text is read as it is shown (`kb.rules.folding`): what a person reads as a number is one.
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
# Of a link that holds an address, what stands before it: "//example.org/?cal=".
_IN_LINK = re2.compile(r"//[^\s@(\[{<]*[/?=&]")
_PHONES = tuple(
    re2.compile(pattern)
    for pattern in (
        r"(?:\+|\b00)[1-9](?:[ ()./-]{0,3}\d){6,14}",
        r"\(?\b0[1-9]\d{0,4}\)?(?:[ ()./-]{0,3}\d){5,11}\b",
        r"\(?\b[2-9]\d{2}\)?[ .-]{1,2}\d{3}[ .-]\d{4}\b",
        r"\([2-9]\d{2}\)[ .-]?\d{3}[ .-]?\d{4}\b",
    )
)
# Dates and office hours are made of the same characters as telephone numbers.
_NO_PHONE = re2.compile(
    r"^(?:\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})\b|\d{4}[./-]\d{1,2}[./-]\d{1,2}\b"
    r"|\d{1,2}\.\d{2} ?- ?\d{1,2}\.\d{2}\b)"
)
# "IBANDE89…"; a space behind the country code only where all is in capitals: "in 20 days" is no account.
_IBAN_BEGINS = re2.compile(r"(?:\b|_|(?i:IBAN))((?i:[A-Z]{2}\.?\d{2})|[A-Z]{2} \d{2})")
_IBANS = tuple(
    re2.compile(pattern)
    for pattern in (
        r"(?i:[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30})",
        r"[A-Z]{2} \d{2}(?:[ -]?[A-Z0-9]){11,30}",
        r"(?i:[A-Z]{2}\.?\d{2}(?:\.[A-Z0-9]{4}){2,7}(?:\.[A-Z0-9]{1,3})?)",
    )
)
_IBAN_WRITTEN = 70  # characters, with a sign before each letter and digit
_DIGITS = re2.compile(r"\d(?:[ .*_-]{0,3}\d)*")
_GROUP = re2.compile(r"\d+")
_CARD_DIGITS = range(13, 20)
# Two spaces, dots, stars or lines part only groups that are as on cards and begin as cards do: rows of years
# and parts of order numbers have four digits as well.
_CARD_GROUPS = ((4, 4, 4, 4), (4, 6, 5), (4, 6, 4), *((4, 4, 4, 4, last) for last in (1, 2, 3)))
_ISSUED = re2.compile(r"[3-6]|2[2-7]")
_IBAN_CHARS = range(15, 35)


def find_personal(text: str, kinds: Iterable[str]) -> list[tuple[Span, str]]:
    """Spans [start, end) with their kind, from left to right; overlapping ones are joined."""
    folded = fold(text)
    line = folded.text.replace("\n", " ")
    found = [
        (folded.original(*span), kind)
        for kind in _IN_ORDER
        if kind in set(kinds)
        for span in _FINDERS[kind](line)
    ]
    joined: list[tuple[Span, str]] = []
    for (start, end), kind in sorted(found):
        if joined and start < joined[-1][0][1]:
            (first, last), earlier = joined[-1]
            joined[-1] = ((first, max(last, end)), earlier)
        else:
            joined.append(((start, end), kind))
    return joined


def _emails(text: str) -> Iterator[Span]:
    for pattern in _EMAILS:
        for match in pattern.finditer(text):
            if not _NO_DOMAIN.search(match.group()):
                begun = _IN_LINK.match(match.group())
                yield match.start() + (begun.end() if begun else 0), match.end()


def _phones(text: str) -> Iterator[Span]:
    for pattern in _PHONES:
        for match in pattern.finditer(text):
            start, end = match.span()
            follows = text[end : end + 1]
            if not _NO_PHONE.search(text[start:end]) and not follows.isalnum():
                yield start, end


def _ibans(text: str) -> Iterator[Span]:
    """The longest prefix of a candidate that has the right check digits (ISO 13616, modulo 97)."""
    for begun in _IBAN_BEGINS.finditer(text):
        start = begun.start(1)
        for pattern in _IBANS:
            if (match := pattern.match(text[start : start + _IBAN_WRITTEN])) is None:
                continue
            candidate = match.group()
            ends = (i for i in range(len(candidate), 0, -1) if not candidate[i : i + 1].isalnum())
            good = next((i for i in ends if _is_iban(candidate[:i])), None)
            if good is not None:
                yield start, start + good


def _is_iban(candidate: str) -> bool:
    packed = "".join(c for c in candidate.upper() if c.isalnum())
    if len(packed) not in _IBAN_CHARS or not candidate[-1].isalnum():
        return False
    return int("".join(str(int(c, 36)) for c in packed[4:] + packed[:4])) % 97 == 1


def _cards(text: str) -> Iterator[Span]:
    """Whole groups of a row of digits, 13 to 19 of them, whose last is the check digit (Luhn, ISO 7812).

    All of them, which may overlap: with a number before it, the first that has a right check digit may be
    another one than the card's.
    """
    for match in _DIGITS.finditer(text):
        groups = [
            (match.start() + group.start(), match.start() + group.end())
            for group in _GROUP.finditer(match.group())
        ]
        for i in range(len(groups)):
            for end in _card_ends(text, groups[i : i + _CARD_DIGITS[-1]]):
                yield groups[i][0], end


def _card_ends(text: str, groups: list[Span]) -> Iterator[int]:
    """Where a card may end that begins with the first of these groups of digits."""
    digits = ""
    is_narrow = True
    for i, (start, end) in enumerate(groups):
        is_narrow = is_narrow and (i == 0 or text[groups[i - 1][1] : start] in (" ", "-"))
        digits += text[start:end]
        if len(digits) > _CARD_DIGITS[-1]:
            break
        if len(digits) in _CARD_DIGITS and _luhn(digits):
            lengths = tuple(last - first for first, last in groups[: i + 1])
            if is_narrow or (lengths in _CARD_GROUPS and _ISSUED.match(digits)):
                yield end


def _luhn(digits: str) -> bool:
    if len(set(digits)) == 1:
        return False
    values = [int(digit) for digit in reversed(digits)]
    doubled = [value * 2 - 9 if value > 4 else value * 2 for value in values[1::2]]
    return (sum(values[::2]) + sum(doubled)) % 10 == 0


_FINDERS = {EMAIL: _emails, IBAN: _ibans, CARD: _cards, PHONE: _phones}
_IN_ORDER = (EMAIL, IBAN, CARD, PHONE)
