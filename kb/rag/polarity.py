"""Negation and modality, in English and German: what turns a true sentence into a false one with a single
small word."""

from __future__ import annotations

import re

from kb.rag.wordlists import NUMBER_WORDS

_NUMBER = rf"[\d$\u20ac\u00a3]|{'|'.join(NUMBER_WORDS)}"
# In this order; what an earlier pattern has taken, a later one does not see. Each adds its mark.
_PATTERNS = tuple(
    (mark, re.compile(pattern, re.IGNORECASE))
    for mark, pattern in (
        # "No more than five" is a limit; numbers are compared with their limits.
        (
            "",
            rf"\b(?:no|not) (?:more|less|fewer|later|longer|earlier) than(?= (?:[a-z]+ )?(?:{_NUMBER}))"
            r"|\bnot only\b|\bNo\. ?\d|(?<=whether )or not\b"
            r"|\bnicht (?:mehr|weniger|später|länger|früher|kürzer) als\b|\bnicht nur\b|\bob oder nicht\b",
        ),
        (
            "exempt",
            r"\b(?:do|does|did|will)(?: not|n't) (?:need|have) to\b|\b(?:do|does|will)(?: not|n't) need\b"
            r"|\bneed(?: not|n't)\b|\bno need\b|\bwithout having to\b"
            r"|(?:\bnot|n't) (?:be )?(?:required|necessary|mandatory|obligatory|obliged|needed)\b"
            r"|\b(?:no|none)\b[^,;.]{0,40}\b(?:needed|required|necessary)\b|\boptional(?:ly)?\b|\bvoluntar(?:y|ily)\b"
            r"|\b(?:muss|müssen|braucht|brauchen)\b[^,;.]{0,60}\b(?:nicht|keine?[nmrs]?)\b|\bfreiwillig\w*"
            r"|\b(?:nicht|keine?) (?:erforderlich|notwendig|nötig|verpflichtet)\b",
        ),
        (
            "forbid",
            r"\b(?:must|may|shall|can|could)(?: (?:not|never)|n't)\b|\bcan(?:not|'t)\b"
            # "No employee may ..." forbids as "Employees may not ..." does.
            r"|\b(?:no|none|nobody|neither|never)\b[^,;.]{0,40}\b(?:may|can|must|shall)\b"
            r"|(?:\bnot|\bnever|n't) (?:be |currently )?(?:allowed|permitted|authori[sz]ed|able)\b"
            r"|\b(?:prohibit|forbid|forbidden|bann|disallow)(?:ed|s|ing)?\b|\bimpermissible\b|\bunable\b"
            r"|\b(?:darf|dürfen|kann|können)\b[^,;.]{0,80}\b(?:nicht|nie|niemals|keine?[nmrs]?)\b"
            r"|\b(?:niemand|keine?[nmrs]?)\b[^,;.]{0,40}\b(?:darf|dürfen|kann|können)\b"
            r"|\bnicht (?:erlaubt|gestattet|zulässig|möglich)\b|\b(?:verboten|untersagt|unzulässig)\b",
        ),
        (
            "should",
            r"\b(?:should|ought|recommend(?:s|ed)?|advised|encouraged|advisable|soll(?:en|te|ten)?|empfohlen|empfehl\w+)\b",
        ),
        (
            "must",
            r"\b(?:must|shall|ha(?:s|ve) to|required?|requires|needs?|needed|mandatory|obligatory|obliged"
            r"|compulsory|necessary|muss|müssen|verpflichtet|erforderlich|notwendig|obligatorisch)\b",
        ),
        (
            "may",
            r"\b(?:may|can|could|might|allow(?:s|ed)?|permit(?:s|ted)?|able|authori[sz]ed|entitled"
            r"|darf|dürfen|kann|können|könnten?|erlaubt|gestattet|zulässig|berechtigt)\b",
        ),
        ("only", r"\b(?:only|solely|exclusively|nur|lediglich|ausschließlich)\b"),
        (
            "except",
            r"\b(?:except|unless|exclud(?:ing|es?|ed)|other than|with the exception|but not)\b"
            r"|(?:^|, )apart from\b|\b(?:außer|ausgenommen|es sei denn)\b|\bmit Ausnahme\b",
        ),
        ("without", r"\b(?:without|ohne)\b"),
        (
            "not",
            r"\b(?:not|no|never|none|nobody|nothing|neither|nor|no one|hardly|nowhere"
            r"|nicht|keine?[nmrs]?|nie|niemals|niemand|nichts|weder|kaum)\b|n't\b",
        ),
    )
)
_NEGATIONS = ("not", "forbid", "exempt", "without", "only", "except")
_NEGATING = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|cannot|unable"
    r"|nicht|keine?[nmrs]?|nie|niemals|niemand|nichts|weder)\b|n't\b",
    re.IGNORECASE,
)
_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|be|been|being|gets?)\b(?: \w+){0,2} \w+(?:ed|en|id|ld|nt|de)\b"
    r"|\b(?:wird|werden|wurden?|worden)\b",
    re.IGNORECASE,
)
_MAY_MONTH = re.compile(r"\bMay\b(?=,? \d)|(?<=\d )May\b")


def polarity(text: str) -> frozenset[str]:
    """The marks of a plain clause, among: exempt, forbid, should, must, may, only, except, without, not.

    A second negating word in the clause adds "not twice", which undoes the first.
    """
    marks = set()
    text = _MAY_MONTH.sub(" ", text)
    for mark, pattern in _PATTERNS:
        if not mark:
            text = pattern.sub(" ", text)
            if len(_NEGATING.findall(text)) > 1:
                marks.add("not twice")
        elif pattern.search(text):
            text = pattern.sub(" ", text)
            marks.add(mark)
    return frozenset(marks)


def is_passive(text: str) -> bool:
    """Whether a verb of plain text is in the passive."""
    return _PASSIVE.search(text) is not None


def is_negation(mark: str) -> bool:
    """Whether a mark may not be lost when a sentence is repeated."""
    return mark.startswith(_NEGATIONS)
