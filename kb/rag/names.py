"""Names, identifiers and quotations: what a sentence may only repeat to the letter."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.rag.wordlists import MONTHS, STARTERS, STOP_WORDS, WEEKDAYS
from kb.rag.words import tokens

_IDENTIFIER = re.compile(
    r"""
    [\w.+-]+@[\w-]+(?:\.[\w-]+)+                                # e-mail address
    | (?:https?://|www\.)[^\s<>"')\]]*[^\s<>"')\].,;:!?]        # web address
    | \b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|gov|edu|io|eu|de|ch|uk|example|internal|local)\b
      (?:/[^\s<>"')\]]*[^\s<>"')\].,;:!?])?
    | \b[\w-]+\.(?:pdf|docx?|xlsx?|pptx?|md|txt|csv|html?|zip|ya?ml|json)\b
    | (?:\+\d|\(0\d|\b0\d)[\d ()/-]{5,}\d                       # telephone number
    | \b\d{3}-\d{4}\b
    | \b[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+\b                # snake_case
    | (?<![\w-])[A-Za-z]+[-/]?\d[\w/-]*\b                       # KB-1234, HR-017, Q3, A4
    | (?<![\w.,-])\d+(?:-\d+)*[A-Za-z][\w-]*\b                  # 2FA, 3M
    """,
    re.VERBOSE,
)
_MEASURE = re.compile(
    r"(?:usd|eur|gbp|chf|jpy)\d+|\d+(?:st|nd|rd|th|[ap]m|k|m|bn|h|d|g|l|s|w|mm|cm|km|ml|mg|kg|gb|mb|kb|tb|kw|kwh|ms|min|mins|hrs?|ft"
    r"|x|eur|usd|chf|gbp)",
    re.IGNORECASE,
)
_QUOTATION = re.compile(r'"([^"\n]{2,400})"')
_WORD = re.compile(r"[^\W_]+(?:['&.-](?=\w)[^\W_]+)*")
_TITLES = frozenset(["mr", "mrs", "ms", "dr", "prof", "miss", "sir"])


@dataclass(frozen=True, slots=True)
class Name:
    """Capitalised words in a row at ``text[start:end]``; ``words`` are casefolded.

    ``opens`` when it is the first word of the sentence, which would have its capital anyway.
    """

    words: tuple[str, ...]
    start: int
    end: int
    opens: bool = False


def find_identifiers(text: str) -> list[tuple[int, int]]:
    """Spans of addresses, codes, file names, telephone numbers: tokens that only make sense as they are."""
    return [match.span() for match in _IDENTIFIER.finditer(text) if not _MEASURE.fullmatch(match.group())]


def fold_identifier(identifier: str) -> str:
    """Casefolded; a telephone number without its spacing."""
    if re.fullmatch(r"[+()\d /-]+", identifier):
        return re.sub(r"[ ()/-]", "", identifier)
    return identifier.casefold()


def find_quotations(text: str) -> list[str]:
    """The words between double quotes in plain text, where there are two or more."""
    return [match.group(1) for match in _QUOTATION.finditer(text) if len(match.group(1).split()) > 1]


def find_names(text: str) -> list[Name]:
    """Runs of capitalised words of a plain sentence; stop words, months and weekdays are none."""
    words = list(_WORD.finditer(text))
    capitals = [
        match
        for match in words
        if match.group()[0].isupper() and (len(match.group()) > 1 or _is_letter(text, match))
    ]
    found: list[list[re.Match[str]]] = []
    for match in capitals:
        folded = match.group().casefold()
        if (
            folded in MONTHS
            or folded in WEEKDAYS
            or folded in _TITLES
            or (folded in STOP_WORDS and not match.group().isupper())
        ):
            continue
        if _opens(text, match) and (folded in STARTERS or folded.endswith(("ly", "ing"))):
            continue
        if found and text[found[-1][-1].end() : match.start()] == " ":
            found[-1].append(match)
        else:
            found.append([match])
    return [_name(run, words[0].start()) for run in found]


def _opens(text: str, match: re.Match[str]) -> bool:
    """Whether the word would have a capital anyway: first of all, or behind a colon or an opening quote."""
    return not _WORD.search(text, 0, match.start()) or text[: match.start()].rstrip()[-1:] in (":", '"')


def _is_letter(text: str, match: re.Match[str]) -> bool:
    """The letter of "Plan B"; "I" and the article are none."""
    before = text[: match.start()].split()
    return match.group() != "I" and bool(before) and (match.group() != "A" or before[-1][:1].isupper())


def _name(run: list[re.Match[str]], opening: int) -> Name:
    words = tuple(token for match in run for token in tokens(match.group()))
    return Name(words, run[0].start(), run[-1].end(), run[0].start() == opening)
