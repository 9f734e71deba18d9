"""What models write that says nothing: where a passage stands, and the same words over and over."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kb.rag.types import Passage
from kb.rag.words import plain, tokens

# The same few letters so many times in a row: no sentence comes out of it any more.
_LOOPS = 6
_SHORTEST_LOOP, _LONGEST_LOOP = 3, 48
LOOP_CHARS = _LOOPS * _LONGEST_LOOP
# How prompts join a title and the headings below it.
_STEP = re.compile(r"\s+>\s+")
_NUMBER_AT_END = re.compile(r"\W*\d*\W*\Z")


def ends_in_loop(text: str) -> bool:
    """Whether a text ends with the same few words or letters over and over ("tips-tips-tips-tips-...").

    Args:
        text: at least its last LOOP_CHARS characters.
    """
    for length in range(_SHORTEST_LOOP, _LONGEST_LOOP + 1):
        unit = text[-length:]
        if any(map(str.isalpha, unit)) and text.endswith(unit * _LOOPS):
            return True
    return False


def without_place(text: str, passages: Iterable[Passage]) -> str:
    """The text without the title and headings that a model copied in front of it; empty when that is all.

    "Leave > Parental leave > Who can take it" is all; a title alone, or several, are too.
    """
    steps = _STEP.split(plain(text))
    passages = list(passages)
    known = {tuple(tokens(name)) for passage in passages for name in _names(passage)}
    last = tuple(tokens(steps[-1]))
    if all(_is_known(step, known) for step in steps[:-1]):
        if last in known or (len(steps) > 1 and _begins_one(steps[-1], known)):
            return ""
        if len(steps) > 1:
            return _behind(steps[-1], known)
    return text


def _names(passage: Passage) -> Iterable[str]:
    return (plain(name) for name in (passage.document_title, *passage.heading_path) if name)


def _is_known(step: str, known: set[tuple[str, ...]]) -> bool:
    return tuple(tokens(step)) in known


def _begins_one(step: str, known: set[tuple[str, ...]]) -> bool:
    """A heading that was cut off, as behind the full stop of its number ("6.")."""
    begun = tuple(tokens(_NUMBER_AT_END.sub("", step))) or tuple(tokens(step))
    return any(name[: len(begun)] == begun for name in known)


def _behind(step: str, known: set[tuple[str, ...]]) -> str:
    """The words behind the longest heading that the last step begins with."""
    words = list(re.finditer(r"[^\W_]+(?:'[^\W\d_]+)?", step))
    said = [word.group().casefold() for word in words]
    length = max((len(name) for name in known if said[: len(name)] == list(name)), default=0)
    return step[words[length - 1].end() :].lstrip(" .:-") if length else step
