"""Follow-up questions made to stand alone, by rules: no model is asked before retrieval."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.rag.names import find_identifiers, find_names
from kb.rag.words import content_stems, plain, tokens

_LONGEST_CHARS = 500
_JOINER = " \u2014 "
_OPENER = re.compile(
    r"\s*(?:and|but|or|so|then|also|what about|how about|what if|what else|anything else"
    r"|why(?: not)?\s*\??$|same\b|for\b[^?]*\?$)(?:\b|\s|$)",
    re.IGNORECASE,
)
# "this" and "that" point back where a pronoun can stand; in "the policy that applies" they do not.
_POINTS = re.compile(
    r"\b(?:it|they|them|he|she|him|her|his|their|its|those|these|the same|the other|the former|the latter)\b"
    r"|\b(?:does|do|did|is|was|can|will|would|should|about|for|of|after|before|like|why|how|when|where|and|if)"
    r" (?:this|that)\b"
    r"(?=\s*(?:\?|$|also|too|apply|applies|cost|count|mean|include|work|take|happen|be|for|in|to)\b|\s*\?|\s*$)",
    re.IGNORECASE,
)
_SMALL_TALK = frozenset(
    [
        "thanks",
        "thank",
        "you",
        "ok",
        "okay",
        "great",
        "cool",
        "perfect",
        "hello",
        "hi",
        "hey",
        "bye",
        "good",
        "morning",
        "please",
        "yes",
        "no",
    ]
)
_EXPLETIVE = re.compile(
    r"\b(?:is|was|does|will|would|can) it (?:possible|allowed|ok|okay|necessary|required|true|permitted)\b"
    r"|\bthat\b(?= (?:i|you|we|they|is|are) )",
    re.IGNORECASE,
)
_SHORT_WORDS = 12


def standalone_question(question: str, previous: Sequence[str]) -> str:
    """The question with what it leans on.

    A follow-up (it opens with "and" or "what about", points back with "it" or "they", or has next to no
    content of its own) is put behind the last question that stood alone: both are searched for, and both can
    be read.

    Args:
        previous: the conversation's questions, oldest first, as returned by this function or as asked.

    Returns:
        the question unchanged when it stands alone or nothing came before; otherwise "<earlier> -
        <question>" with a dash, at most 500 characters unless the question alone is longer.
    """
    asked = " ".join(question.split())
    before = [first for item in reversed(previous) if (first := _first(item)) and not _is_small_talk(first)]
    earlier = next((first for first in before if _stands_alone(first)), "")
    if not asked or not earlier or _stands_alone(asked):
        return question
    room = _LONGEST_CHARS - len(asked) - len(_JOINER)
    if room < 20:
        return question
    return f"{_shorten(earlier, room)}{_JOINER}{asked}"


def _stands_alone(question: str) -> bool:
    words = tokens(plain(question))
    if _is_small_talk(question):
        return True
    if len(set(content_stems(plain(question)))) < 2 and not _names_something(question):
        return False
    if _OPENER.match(question):
        return len(words) > _SHORT_WORDS
    pointing = _POINTS.search(_EXPLETIVE.sub(" ", question))
    # In a long question a pronoun mostly has its noun in the question itself.
    return pointing is None or len(words) > _SHORT_WORDS


def _is_small_talk(question: str) -> bool:
    return set(tokens(question)) <= _SMALL_TALK


def _names_something(question: str) -> bool:
    """ "What is Concur?" needs nothing before it."""
    text = plain(question)
    return not _OPENER.match(question) and bool(
        find_identifiers(text) or [name for name in find_names(text) if not name.opens]
    )


def _first(question: str) -> str:
    """The question that stood alone, of one that was joined before."""
    return " ".join(question.split(_JOINER)[0].split())


def _shorten(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "\u2026"
