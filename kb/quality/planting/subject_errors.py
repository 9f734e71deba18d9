"""The right words about the wrong one: subject and object change places, or another party takes the
subject's."""

from __future__ import annotations

import random
import re

from kb.quality.planting.phrases import (
    AUXILIARY,
    NAME,
    NOUN_PHRASE,
    OPENING_PLURAL,
    PARTICIPLES,
    SYMMETRIC,
    TRANSITIVE,
    is_plural,
    opening,
    same_words,
    shape_of,
)
from kb.quality.planting.source import Source

_NAMED = NAME.pattern
_PHRASE = rf"(?:{_NAMED}|{NOUN_PHRASE}|{OPENING_PLURAL})"
_BEHIND = "to|in|on|at|by|for|from|with|before|after|if|when|within|during|as|until|under|through|into|about"
_END = rf"(?=[.,;]| (?:{_BEHIND})\b)"
_FRONT = r"(?P<front>(?:(?:In|On|During|By|After|Since|At|From|Under) [^,;:]{2,40}, )?)"
# Past forms, of which these are more often no verb of the sentence.
_DID = (
    r"(?!used|called|named|based|located|related|needed|involved|required|allowed|listed"
    r"|known|given|seemed|appeared|\w*eed\b)[a-z]{3,}ed"
)
_ACTED = re.compile(
    rf"{_FRONT}(?P<one>{_PHRASE}) (?P<verb>(?:(?:{AUXILIARY}) )?(?:{TRANSITIVE})|{_DID}"
    rf"|(?:is|are|was|were|has been|have been) (?:{_DID}|{PARTICIPLES}) by|(?:is|was) (?:the|an?) [a-z]+ of) "
    rf"(?P<other>{_NAMED}|{NOUN_PHRASE}){_END}"
)
_SUBJECT = re.compile(
    rf"{_FRONT}(?P<one>{_PHRASE}) (?=(?P<verb>{AUXILIARY}|(?:{TRANSITIVE}|{_DID})(?! of))\b)"
)
_SINGULAR = frozenset(["is", "was", "has", "does"])
_PLURAL = frozenset(["are", "were", "have", "do"])
_EITHER = frozenset(AUXILIARY.split("|")) - _SINGULAR - _PLURAL
_VAGUE = frozenset(
    [
        "the",
        "this",
        "these",
        "that",
        "each",
        "every",
        "all",
        "it",
        "its",
        "their",
        "his",
        "her",
        "our",
        "your",
        "a",
        "an",
        "such",
    ]
)


def swapped_subject(source: Source, chance: random.Random) -> str | None:
    """Who does it and whom it is done to change places; else two names; else another party of the passage
    does it."""
    ways = [_exchanged, _names_exchanged, _other_party]
    chance.shuffle(ways)
    for way in ways:
        changed = way(source, chance)
        if changed is not None and " ".join(same_words(changed)) not in source.folded:
            return changed
    return None


def _exchanged(source: Source, chance: random.Random) -> str | None:
    match = _ACTED.match(source.sentence)
    if match is None or SYMMETRIC.search(match["verb"]):
        return None
    one, verb, other, front = match["one"], match["verb"], match["other"], match["front"]
    if not (source.is_thing(one) and source.is_thing(other)) or not _distinct(one, other):
        return None
    if not _agree(one, verb, other):
        return None
    first = source.within(other) if front else opening(other)
    return f"{front}{first} {verb} {source.within(one)}{source.sentence[match.end() :]}"


def _names_exchanged(source: Source, chance: random.Random) -> str | None:
    """A name that is the subject, and another of its shape behind the verb."""
    sentence = source.sentence
    subject = _SUBJECT.match(sentence)
    if subject is None or SYMMETRIC.search(sentence, subject.end()):
        return None
    one = subject["one"]
    others = [
        match
        for match in NAME.finditer(sentence, subject.end())
        if NAME.fullmatch(one)
        and source.is_thing(one)
        and shape_of(match.group()) == shape_of(one) != ""
        and _distinct(one, match.group())
        and _alone(sentence, match)
    ]
    if not others:
        return None
    other = chance.choice(others)
    start, end = subject.span("one")
    between = sentence[end : other.start()]
    return f"{sentence[:start]}{other.group()}{between}{one}{sentence[other.end() :]}"


def _alone(sentence: str, match: re.Match[str]) -> bool:
    """Whether a name is no part of a longer one, of a list or of a possessive."""
    before = sentence[: match.start()].split()[-1:]
    if any(word[:1].isupper() or word in ("a", "an") for word in before):
        return False
    return re.match(_END, sentence[match.end() :]) is not None


def _other_party(source: Source, chance: random.Random) -> str | None:
    """The subject becomes that of another sentence, where the passage speaks of both in one breath: then
    they are two."""
    match = _SUBJECT.match(source.sentence)
    if match is None or not (source.is_thing(match["one"]) and _goes(match["one"], match["verb"])):
        return None
    one, rest = match["one"], source.sentence[match.end() :]
    found = [_SUBJECT.match(other) for other in source.others]
    parties = [other["one"] for other in found if other and _goes(other["one"], other["verb"])]
    fits = [
        party
        for party in dict.fromkeys(parties)
        if _distinct(one, party)
        and source.is_thing(party)
        and not set(_telling(party)) & set(same_words(rest))
        and is_plural(party) == is_plural(one)
        and bool(NAME.fullmatch(party)) == bool(NAME.fullmatch(one))
        and _both_in_one_sentence(source, one, party)
    ]
    if not fits:
        return None
    party = chance.choice(fits)
    return f"{match['front']}{source.within(party) if match['front'] else party} {rest}"


def _both_in_one_sentence(source: Source, one: str, other: str) -> bool:
    for sentence in (source.sentence, *source.others):
        words = f" {' '.join(same_words(sentence))} "
        if all(f" {' '.join(_telling(phrase))} " in words for phrase in (one, other)):
            return f"{' '.join(_telling(one))} or {' '.join(_telling(other))}" not in words
    return False


def _telling(phrase: str) -> list[str]:
    return [word for word in same_words(phrase) if word not in _VAGUE]


def _distinct(one: str, other: str) -> bool:
    """Whether two phrases name two things: no word shared, neither the initials of the other."""
    mine, theirs = _telling(one), _telling(other)
    if not mine or not theirs or {word.rstrip("s") for word in mine} & {word.rstrip("s") for word in theirs}:
        return False
    if any(word in other or other in word for word in mine for other in theirs if len(word) > 2 < len(other)):
        return False
    initials = ("".join(word[0] for word in mine), "".join(word[0] for word in theirs))
    return initials[0] != theirs[0] and initials[1] != mine[0]


def _agree(one: str, verb: str, other: str) -> bool:
    """Whether the verb goes with either as its subject."""
    return _goes(one, verb) and _goes(other, verb)


def _goes(subject: str, verb: str) -> bool:
    word = verb.split()[0]
    if word in _EITHER or word.endswith("ed"):
        return True
    return is_plural(subject) != (word in _SINGULAR or (word not in _PLURAL and word.endswith("s")))
