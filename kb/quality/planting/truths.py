"""What a passage says, in other words: changes after which a sentence is as true as before."""

from __future__ import annotations

import random
import re

from kb.quality.planting.exact_errors import NUMBERS
from kb.quality.planting.phrases import (
    BASES,
    MONTHS,
    NAME,
    NOUN_PHRASE,
    OPENING_PLURAL,
    PARTICIPLES,
    TRANSITIVE,
    is_plural,
    opening,
    participle,
)
from kb.quality.planting.source import Source

_ADVERBS = re.compile(
    r"(?<=[a-z] )(?:also|already|simply|just|actually|really|very|highly|quickly|easily"
    r"|currently|clearly|then|still|indeed"
    r"|therefore|successfully|directly|immediately|certainly|particularly|especially"
    r"|additionally|subsequently|originally) (?=[a-z])"
)
_OPENERS = re.compile(
    r"(?:However|Therefore|Additionally|Furthermore|Moreover|Also|In addition|Thus|Consequently"
    r"|As a result|For example|Please note that|In fact"
    r"|Indeed|Similarly|Finally), (?=[a-z])"
)
_MONTH = "|".join(MONTHS)
_DATE = re.compile(
    rf"\b(?:(?P<m>{_MONTH}) (?P<d>\d{{1,2}})|(?P<d2>\d{{1,2}}) (?P<m2>{_MONTH})),? (?P<y>\d{{4}})\b"
)
_SMALL = re.compile(r"(?<![\w.,:/$#'-])(?:[2-9]|1\d|20)(?= (?!(?:" + _MONTH + r")\b)(?:\w+ )?[a-z]{3,}s\b)")
_SMALL_WORDS = re.compile(rf"(?<![\w-])(?:{'|'.join(NUMBERS[2:])})(?= (?:\w+ )?[a-z]{{3,}}s\b)")
_SHORT = (
    ("cannot", "can't"),
    ("do not", "don't"),
    ("does not", "doesn't"),
    ("did not", "didn't"),
    ("is not", "isn't"),
    ("are not", "aren't"),
    ("was not", "wasn't"),
    ("were not", "weren't"),
    ("should not", "shouldn't"),
    ("will not", "won't"),
    ("could not", "couldn't"),
    ("would not", "wouldn't"),
    ("has not", "hasn't"),
    ("have not", "haven't"),
    ("you will", "you'll"),
    ("it is", "it's"),
    ("you are", "you're"),
)
# Pairs that mean the same wherever one of them stands as a verb, or as the words shown.
_SAME = (
    ("in order to", "to"),
    ("prior to", "before"),
    ("approximately", "about"),
    ("purchase", "buy"),
    ("purchased", "bought"),
    ("assist", "help"),
    ("employees", "staff"),
    ("obtain", "get"),
    ("obtained", "got"),
    ("begin", "start"),
    ("began", "started"),
    ("begins", "starts"),
    ("commence", "start"),
    ("must", "have to"),
    ("whether or not", "whether"),
    ("due to", "because of"),
    ("as well as", "and also"),
    ("a number of", "several"),
    ("such as", "like"),
    ("however", "but"),
    ("utilized", "used"),
    ("in the event that", "if"),
    ("additional", "more"),
    ("requires", "needs"),
    ("showed", "demonstrated"),
    ("demonstrated", "showed"),
    ("attempted", "tried"),
    ("large", "big"),
    ("received", "got"),
    ("providing", "giving"),
    ("entire", "whole"),
    ("quickly", "fast"),
    ("located", "situated"),
    ("famous", "well-known"),
    ("nearly", "almost"),
    ("children", "kids"),
    ("vacation", "holiday"),
    ("inform", "tell"),
    ("select", "choose"),
    ("permitted", "allowed"),
)
_CONDITION = re.compile(
    r"(?P<main>[A-Z][^,;:()]*?[a-z]),? (?P<clause>(?:if|when|unless|after|before|once|because"
    r"|while|although) "
    r"(?:you|it|they|we|he|she|the|a|an|your|this|there|all|no) [^,;:()]+)\."
)
_FRONTED = re.compile(
    r"(?P<clause>(?:If|When|Unless|Once|Because|While|After|Before) (?:you|it|they|we|the|a|an"
    r"|your) [^,;:()]+), (?P<main>[a-z][^,;:()]*)\."
)
_PLACED = re.compile(
    r"(?P<place>(?:In|On|During|By|Since|At) (?:the )?(?:\w+ ){0,2}\w+), (?P<main>(?:the|a|an|it"
    r"|they|he|she|we|you|there)\b[^,;:()]*)\."
)
_ACTIVE = re.compile(
    rf"(?P<agent>{NAME.pattern}|{NOUN_PHRASE}) (?P<verb>(?:(?:must|will|should|can) )?(?:{TRANSITIVE})) "
    rf"(?P<patient>{NAME.pattern}|{NOUN_PHRASE})(?P<rest>(?: (?:in|within|before|after|on|at) [^,;:()]+)?)\."
)
_PASSIVE = re.compile(
    rf"(?P<patient>{NAME.pattern}|{NOUN_PHRASE}) (?P<was>was"
    rf"|were) (?P<verb>{PARTICIPLES}) by (?P<agent>{NAME.pattern}|{NOUN_PHRASE})"
    r"(?P<rest>(?: (?:in|within|before|after|on|at) [^,;:()]+)?)\."
)


_PLURAL = re.compile(rf"{OPENING_PLURAL} [a-z]")


def verbatim(source: Source, chance: random.Random) -> str:
    """The passage's own words."""
    return source.sentence


def dropped_adverb(source: Source, chance: random.Random) -> str | None:
    """An adverb or a joining word without which the sentence says the same is left out."""
    if opened := _OPENERS.match(source.sentence):
        return opening(source.sentence[opened.end() :])
    found = list(_ADVERBS.finditer(source.sentence))
    if not found:
        return None
    match = chance.choice(found)
    before = source.sentence[: match.start()]
    if before.endswith(("not ", " be ", " as ", " or ", " and ", " than ", " so ", "how ")) or re.match(
        "as ", source.sentence[match.end() :]
    ):
        return None
    return before + source.sentence[match.end() :]


def number_words(source: Source, chance: random.Random) -> str | None:
    """A small number that counts something changes between digits and words."""
    if match := _SMALL.search(source.sentence):
        return source.sentence[: match.start()] + NUMBERS[int(match.group())] + source.sentence[match.end() :]
    if match := _SMALL_WORDS.search(source.sentence):
        return (
            source.sentence[: match.start()]
            + str(NUMBERS.index(match.group()))
            + source.sentence[match.end() :]
        )
    return None


def date_format(source: Source, chance: random.Random) -> str | None:
    """A whole date in another way of writing."""
    match = _DATE.search(source.sentence)
    if match is None:
        return None
    month, day, year = match["m"] or match["m2"], int(match["d"] or match["d2"]), match["y"]
    ways = (
        f"{day} {month} {year}",
        f"{year}-{MONTHS.index(month) + 1:02}-{day:02}",
        f"{month[:3]} {day}, {year}",
    )
    new = chance.choice([way for way in ways if way != match.group()])
    return source.sentence[: match.start()] + new + source.sentence[match.end() :]


def contraction(source: Source, chance: random.Random) -> str | None:
    """ "do not" and "don't" change places."""
    pairs = [*_SHORT, *((short, long) for long, short in _SHORT if short not in ("it's",))]
    return _one_of(source.sentence, pairs, chance)


def synonym(source: Source, chance: random.Random) -> str | None:
    """One word or expression by another that means the same."""
    return _one_of(source.sentence, _SAME, chance)


def _one_of(
    sentence: str, pairs: list[tuple[str, str]] | tuple[tuple[str, str], ...], chance: random.Random
) -> str | None:
    found = [
        (match, new) for old, new in pairs for match in re.finditer(rf"\b{re.escape(old)}\b(?!'|-)", sentence)
    ]
    found = [
        (match, new)
        for match, new in found
        if not (new == "have to" and sentence[match.end() :].startswith(" not"))
    ]
    if not found:
        return None
    match, new = chance.choice(found)
    return sentence[: match.start()] + new + sentence[match.end() :]


def reordered(source: Source, chance: random.Random) -> str | None:
    """A clause or an adverbial moves between the front and the end."""
    sentence = source.sentence
    if " not " in sentence and "because" in sentence:
        return None  # what the "not" belongs to would change
    if (match := _CONDITION.fullmatch(sentence)) and " and " not in match["main"]:
        return f"{opening(match['clause'])}, {_inside_clause(source, match['main'])}."
    if match := _FRONTED.fullmatch(sentence) or _PLACED.fullmatch(sentence):
        first = match.groupdict().get("clause") or match["place"]
        return f"{opening(match['main'])} {first[0].lower()}{first[1:]}."
    return None


def _inside_clause(source: Source, clause: str) -> str:
    """A main clause behind another: its first word keeps its capital when it is a name."""
    first = NAME.match(clause)
    keeps = first and (" " in first.group() or first.group().isupper() or source.is_thing(first.group()))
    common = _PLURAL.match(clause)
    return clause if keeps and not common else clause[0].lower() + clause[1:]


def voice(source: Source, chance: random.Random) -> str | None:
    """Active becomes passive, and a passive in the past active."""
    if match := _PASSIVE.fullmatch(source.sentence):
        return f"{opening(match['agent'])} {match['verb']} {source.within(match['patient'])}{match['rest']}."
    match = _ACTIVE.fullmatch(source.sentence)
    if match is None:
        return None
    modal, _, verb = match["verb"].rpartition(" ")
    done = participle(BASES[verb])
    if modal:
        form = f"{modal} be {done}"
    elif verb == done:
        form = f"{'were' if is_plural(match['patient']) else 'was'} {done}"
    else:
        form = f"{'are' if is_plural(match['patient']) else 'is'} {done}"
    return f"{opening(match['patient'])} {form} by {source.within(match['agent'])}{match['rest']}."
