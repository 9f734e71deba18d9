"""Limits of numbers: "at most", "more than", "about", in English and German.

A number without its limit is another statement: "at least 30 %" does not say "30 %", and "about 5 mg" says
neither "exactly 5 mg" nor "at most 5 mg". Of "3-5 weeks", five is the most and three the least.
"""

from __future__ import annotations

import re
from itertools import pairwise

from kb.rag.quantities import Quantity
from kb.rag.reading import Reading
from kb.rag.window import Window

_BEFORE = tuple(
    (limit, re.compile(rf"(?:^|(?<![\w-]))(?:{words})(?: of| von)?\s*$", re.IGNORECASE))
    for limit, words in (
        (
            "max",
            r"at (?:the )?most|(?:a |the )?max(?:imum|\.)"
            r"|(?:no|not)(?: \w+)? (?:more|later|longer|higher|older|larger) than"
            r"|up to|not exceed(?:ing)?|n't exceed|limited to|capped at"
            r"|höchstens|maximal|bis zu|nicht (?:mehr|länger|später|höher|älter|größer) als|längstens"
            r"|spätestens",
        ),
        (
            "min",
            r"at (?:the )?least|(?:a |the )?min(?:imum|\.)"
            r"|(?:no|not)(?: \w+)? (?:less|fewer|earlier|shorter|lower|younger) than"
            r"|mindestens|wenigstens|minimal|nicht (?:weniger|kürzer|früher|niedriger|jünger) als|frühestens",
        ),
        (
            "over",
            r"(?:more|longer|later|higher|older|larger|greater) than|over|above|beyond|exceed(?:s|ing)?"
            r"|(?:mehr|länger|später|höher|älter|größer) als|über",
        ),
        (
            "under",
            r"(?:less|fewer|shorter|earlier|lower|younger|smaller) than|under|below"
            r"|(?:weniger|kürzer|früher|niedriger|jünger|kleiner) als|unter",
        ),
        (
            "about",
            r"about|approx(?:imately|\.)|around|roughly|nearly|almost|some|circa|ca\.|~|close to"
            r"|etwa|ungefähr|rund|knapp|fast|zirka",
        ),
        ("exact", r"exactly|precisely|genau|exakt"),
    )
)
_AFTER = (
    (
        "max",
        re.compile(
            r"\W*(?:or|oder) (?:less|fewer|below|under|younger|shorter|lower|weniger|kürzer|jünger)\b"
            r"|\W{0,2}(?:at (?:the )?most|maximum|max\.)(?!\w)",
            re.IGNORECASE,
        ),
    ),
    (
        "min",
        re.compile(
            r"\W*(?:or|oder|and|und) (?:more|above|over|older|longer|higher|mehr|länger|älter|darüber)\b"
            r"|\W{0,2}(?:at (?:the )?least|minimum|min\.)(?!\w)|\+(?!\w)",
            re.IGNORECASE,
        ),
    ),
)
# The same limits said apart from their number: "the maximum weight is 5 mg", "must not weigh more than".
_APART = {
    "max": re.compile(
        r"\b(?:max(?:imum|imal\w*)?|limit(?:s|ed)?|ceiling|cap(?:ped)?|within|at most|up to|höchst\w*"
        r"|obergrenze|innerhalb)\b|n't exceed"
        r"|\b(?:not|never|no|nicht|kein\w*)\b[^.;:]{0,40}"
        r"\b(?:more|longer|later|exceed|mehr|länger|später|über)\b",
        re.IGNORECASE,
    ),
    "min": re.compile(
        r"\b(?:min(?:imum|destens|imal\w*)?|at least|mindest\w*|untergrenze)\b"
        r"|\b(?:not|never|no|nicht|kein\w*)\b[^.;:]{0,40}\b(?:less|fewer|earlier|shorter|weniger|früher|kürzer)\b",
        re.IGNORECASE,
    ),
    "over": re.compile(r"\b(?:exceed\w*|more|longer|over|above|überschreit\w*|mehr|länger)\b", re.IGNORECASE),
    "under": re.compile(r"\b(?:less|fewer|under|below|within|weniger|unterschreit\w*)\b", re.IGNORECASE),
    "about": re.compile(r"\b(?:average|typically|usually|estimated|durchschnittlich|meist)\b", re.IGNORECASE),
    "exact": re.compile(""),
}
_ENDS = {"lower": "min", "upper": "max"}
_RANGE = re.compile(r"\s*(?:-|to|bis)\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:and|und)\s*", re.IGNORECASE)
_BETWEEN_BEFORE = re.compile(r"\b(?:between|zwischen) $", re.IGNORECASE)
# "It rose from 40 to 55 euros" tells a change; now it is 55.
_CHANGE_BEFORE = re.compile(r"\b(?:from|von) $", re.IGNORECASE)
_BEFORE_CHARS = 80
# "You may not take more than ten" sets the limit that "at most ten" sets.
_DENIED = {"over": "max", "under": "min"}
_DENIES = re.compile(
    r"(?:\b(?:not|never|cannot|no|nobody|nicht|kein\w*|niemand|nie)|n't)"
    r"(?: (?!(?:for|of|with|about|if|when|unless|für|von|mit)\b)[^\W\d]+){0,4}\s*\Z",
    re.IGNORECASE,
)


def limit_differs(claim: Reading, window: Window) -> bool:
    """Whether a number of the claim has another limit than the same number has wherever the source has it."""
    for item in claim.quantities:
        if item.implied:
            continue
        mine = _limit(claim, item)
        sources = [
            (statement.reading, quantity)
            for statement in window.statements
            for quantity in statement.reading.quantities
            if not quantity.implied and quantity.value == item.value
        ]
        if sources and not any(
            _same_limit(mine, claim.text, _limit(source, quantity), source.text)
            for source, quantity in sources
        ):
            return True
    return False


def _limit(reading: Reading, quantity: Quantity) -> str:
    """max, min, over, under, about, exact, lower or upper (of a range); empty where it stands alone."""
    text = reading.text
    before = text[max(0, quantity.start - _BEFORE_CHARS) : quantity.start]
    for limit, pattern in _AFTER:
        if pattern.match(text, quantity.end):
            return limit
    for limit, pattern in _BEFORE:
        if match := pattern.search(before):
            return _DENIED.get(limit, limit) if _DENIES.search(before, 0, match.start()) else limit
    return _range_end(reading, quantity)


def _range_end(reading: Reading, quantity: Quantity) -> str:
    """lower or upper for an end of "3-5 weeks"; a mere "3-5" may be a result or the number of a part."""
    numbers = [item for item in reading.quantities if not item.implied]
    for first, last in pairwise(numbers):
        before = reading.text[: first.start]
        joined = _RANGE.fullmatch(reading.text, first.end, last.start) or (
            _BETWEEN.fullmatch(reading.text, first.end, last.start) and _BETWEEN_BEFORE.search(before)
        )
        counted = last.unit or (last.noun and "-" not in reading.text[first.end : last.start])
        if quantity in (first, last) and joined and counted and not _CHANGE_BEFORE.search(before):
            return "lower" if quantity == first else "upper"
    return ""


def _same_limit(mine: str, claim: str, theirs: str, source: str) -> bool:
    """A limit that one of the two says in another place of the sentence is the same limit."""
    if mine in _ENDS and not theirs:
        return True
    mine, theirs = _ENDS.get(mine, mine), _ENDS.get(theirs, theirs)
    if mine == theirs or {mine, theirs} == {"exact", ""}:
        return True
    return (not mine or _APART[mine].search(source) is not None) and (
        not theirs or _APART[theirs].search(claim) is not None
    )
