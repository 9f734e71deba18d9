"""Fragments whose yes or no stands in the heading above: "Pocket knives" below "Not allowed on board"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.rag.frames import under_false_heading
from kb.rag.polarity import is_negation, polarity
from kb.rag.reading import has_finite_verb
from kb.rag.statements import Statement

# Headings that take a side, beside those with a negation or a modal verb.
_DENYING = re.compile(
    r"\b(?:exclusions?|exceptions?|prohibitions?|restrict\w+|refused|rejected|don'?ts|ineligible|invalid|wrong"
    r"|false|myths?|misconceptions?|avoid|ausnahmen?|verbote?|ausgeschlossen|falsch\w*|irrtümer|mythen)\b",
    re.IGNORECASE,
)
_GRANTING = re.compile(r"\b(?:dos|eligible|covered|included|permissions?|erlaubnis\w*)\b", re.IGNORECASE)
_ENDED = re.compile(r"[.!\u3002][\"')\u201d\u2019]?\s*\Z")
# A paragraph of so few words names something, full stop or not.
_FEW_WORDS = 3


def begin_with_heading(
    statements: Sequence[Statement], at: int, first: int, longest_chars: int
) -> int | None:
    """Where a quotation of a statement that would begin at ``first`` has to begin.

    Args:
        longest_chars: how far above the statement's end the quotation may begin.

    Returns:
        the index of the outermost heading that says whether a fragment is so, or ``first``; None where the
        heading denies it and is too far or not shown: without it the fragment would say the contrary.
    """
    statement = statements[at]
    denied = [item for item in statement.headings if _denies(item)]
    sided = denied if statement.block == "row" else [item for item in statement.headings if _takes_side(item)]
    mistaken = under_false_heading("", statement.headings)
    if not sided or not (mistaken or _is_fragment(statements, at)):
        return first
    heading = _place(statements, at, sided[0])
    above = statements[first if heading is None else heading : at]
    near = heading is not None and statement.end - statements[heading].begin <= longest_chars
    if heading is None or not near or any(item.speaks_to_model for item in above):
        return None if denied else first
    return min(first, heading)


def _denies(heading: str) -> bool:
    return any(map(is_negation, polarity(heading))) or _DENYING.search(heading) is not None


def _takes_side(heading: str) -> bool:
    return bool(polarity(heading)) or _denies(heading) or _GRANTING.search(heading) is not None


def _place(statements: Sequence[Statement], at: int, heading: str) -> int | None:
    """Where the passage shows the heading below which a statement stands, if it does."""
    for index in range(at):
        if statements[index].block == "h" and statements[index].reading.text == heading:
            later = (item.headings for item in statements[index + 1 : at + 1])
            if all(heading in headings for headings in later):
                return index
    return None


def _is_fragment(statements: Sequence[Statement], at: int) -> bool:
    """Whether it names something without a verb, also with the words above its list or table."""
    statement = statements[at]
    if statement.block not in ("li", "p", "row"):
        return False
    lead = statement.lead
    while lead is not None and statements[lead].block != "h":
        if has_finite_verb(statements[lead].reading.text):
            return False
        lead = statements[lead].lead
    text = statement.reading.text
    if statement.block == "li":
        return not (_ENDED.search(text) and has_finite_verb(text))
    few = len(statement.reading.all_tokens) <= _FEW_WORDS
    return not has_finite_verb(text) and (few or not _ENDED.search(text))
