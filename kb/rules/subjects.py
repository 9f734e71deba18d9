"""Of whom or what a question speaks: "How long may customers …", "… for contractors?"."""

from __future__ import annotations

import re

from kb.rag.words import is_content, stem, tokens

_AUXILIARY = re.compile(
    r"\b(?:do|does|did|may|might|can|could|must|shall|should|will|would|have|has|need)\b", re.IGNORECASE
)
_FOR = re.compile(r"\bfor\b", re.IGNORECASE)
# Words for the same people; whoever is in no row is like nobody else.
_SAME = tuple(
    frozenset(stem(word) for word in row.split())
    for row in (
        "customer client buyer purchaser shopper consumer",
        "employee staff worker personnel colleague teammate",
        "supplier vendor seller",
        "contractor freelancer subcontractor",
        "manager supervisor boss superior",
        "guest visitor",
        "intern trainee apprentice",
        "applicant candidate",
        "student pupil learner",
        "teacher instructor lecturer",
        "tenant renter lodger",
        "person people anyone anybody everyone everybody somebody someone",
    )
)


def other_subject(one: str, other: str) -> bool:
    """Whether both questions name whom they speak of, and neither names the other's.

    Pronouns name nobody: "How long may I …" may be anyone's question.
    """
    return _differ(_subject(one), _subject(other), one, other) or _differ(
        _behind(one, _FOR), _behind(other, _FOR), one, other
    )


def _differ(first: str, second: str, one: str, other: str) -> bool:
    if not first or not second or first == second or first in _stems(other) or second in _stems(one):
        return False
    return not any(first in row and second in row for row in _SAME)


def _subject(question: str) -> str:
    """The stem of the first content word behind the first auxiliary verb, unless a pronoun stands there."""
    return _behind(question, _AUXILIARY)


def _behind(question: str, mark: re.Pattern[str]) -> str:
    found = mark.search(question)
    words = tokens(question[found.end() :]) if found else []
    if words and words[0].casefold() in _PRONOUNS:
        return ""
    return next((stem(word) for word in words if is_content(word)), "")


def _stems(question: str) -> set[str]:
    return {stem(word) for word in tokens(question)}


_PRONOUNS = frozenset(("i", "we", "you", "he", "she", "it", "they", "one", "me", "us", "them", "to", "be"))
