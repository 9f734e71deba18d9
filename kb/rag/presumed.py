"""What a question takes for granted, and whether the documents have it.

"How do I submit an expense in Deel?" presumes Deel; "in what year did he die?" presumes that an answer holds
a year. Passages near in meaning are found for both, true sentences are quoted from them, and neither answers.
So two rules stand beside the calibrated gate (`gate`): before the model is asked, that the passages mention
each name of the question; behind it, that what is shown is of the kind that was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from kb.rag.contrasts import OPPOSITES
from kb.rag.names import Name
from kb.rag.numbered import are_apart, numbered
from kb.rag.reading import Reading, read
from kb.rag.types import Passage
from kb.rag.words import is_content, plain, stem, tokens


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A name this near to one of the passages is that name, mistyped.
_MISTYPED = 0.8
_LEAST_MISTYPED = 5
# With more capitals than this the question is in title case, or in German: capitals tell no names.
_CAPITALS = 0.7
# "The English" may be named by their country.
_DEMONYM = re.compile(r"(?:ish|ese|[ei]an)s?\Z|\A(?:french|dutch|german|greek|swiss|czech|turk)s?\Z")
_GERMAN = _words(
    "der die das den dem des ein eine einen und oder wie was wer wo wann ist sind für mit von zu bei ich"
)
_OPEN = re.compile(r"\b(?:who|whom|whose|what|which|when|where|how|why)\b", re.IGNORECASE)
_ASKS_YEAR = re.compile(r"\b(?:what|which) year\b", re.IGNORECASE)
_ASKS_WHEN = re.compile(r"\bwhen (?:did|was|were)\b", re.IGNORECASE)
_ASKS_NUMBER = re.compile(
    r"\bhow (?:many|much)\b|\b(?:what|which) (?:percentage|number|amount)\b", re.IGNORECASE
)
_YEAR = re.compile(r"\b(?:1\d|20)\d\d\b|\b\d+ (?:BC|AD|BCE|CE)\b")
_NUMBERS_IN_WORDS = re.compile(
    r"\b(?:no|none|nothing|all|any|every|free|half|both|once|twice|double|unlimited|several|few|many|much|most"
    r"|single|one|pair|(?:hundred|thousand|million|dozen)s)\b",
    re.IGNORECASE,
)
_TIMES_IN_WORDS = re.compile(
    r"\b(?:when|after|before|during|until|since|once|century|decade|year|month|week|day|today|ago|later"
    r"|war|reign|morning|evening|night|spring|summer|autumn|winter)\w*\b",
    re.IGNORECASE,
)
# "Which did they not attack?" What stands in a clause of its own ("that I am not working") is no denial.
_DENIED = re.compile(
    r"\A(?:(?!\b(?:that|who|if|when|because|why|how)\b|[,;]).)*\b(?:what|which|who|where)\b"
    r"(?:(?!\b(?:that|who|if|when|because)\b|[,;]).)*?(?:\b(?:not|never)\b|n't\b)",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"\b(?:not|never|no|none|cannot|without|except|excluding|unless|neither|nor|only|fail\w*|refus\w*|forbid\w*"
    r"|forbidden|prohibit\w*|avoid\w*|reject\w*|bann?\w*|den(?:y|ied|ies)|lack\w*|unable|un[a-z]{4,}|in[a-z]{5,}"
    r"|non\w*|limit\w*|stop\w*|prevent\w*|exempt\w*|instead|rather)\b|n't\b",
    re.IGNORECASE,
)
# Of what a thing is. The rest of the opposites is what may be answered: "Is it allowed?" "It is forbidden."
_ATTRIBUTES = _words(
    """first early earlier minimum high higher highest larger largest greatest longest earliest oldest best
    north northern east eastern upper positive male top majority import export internal domestic gross buy
    public"""
)


def unknown_names(question: str, passages: Sequence[Passage]) -> tuple[str, ...]:
    """The names of the question, as written there, of which no word stands in any passage or above it.

    A name that opens the question may have its capital from that; a mistyped one counts as known.
    """
    text = plain(question)
    reading = read(question)
    if not reading.names or not passages or _capitals_tell_nothing(text):
        return ()
    words = {
        token
        for passage in passages
        for token in tokens(plain(" ".join([passage.document_title, *passage.heading_path, passage.text])))
    }
    known = {stem(word) for word in words} | _initials(passages)
    return tuple(
        text[name.start : name.end]
        for name in reading.names
        if not name.opens and not _known(name, known, words)
    )


def misses(question: str, shown: Sequence[str], above: Sequence[str] = ()) -> str:
    """What the shown words lack of what an answer to the question must have; empty when nothing does.

    Args:
        shown: the words of the sources that are shown as the answer.
        above: titles and headings that they stand under.

    Returns:
        no_year, no_time, no_number, no_denial, other_year, other_side or other_number.
    """
    text, said = plain(question), plain(" ".join(shown))
    asked, found = read(question), read(" ".join(shown))
    years = {date.year for date in asked.dates if date.year is not None}
    checks = (
        ("no_year", bool(_ASKS_YEAR.search(text)) and not (found.dates or _YEAR.search(said))),
        ("no_time", bool(_ASKS_WHEN.search(text)) and not _tells_time(found, said)),
        ("no_number", bool(_ASKS_NUMBER.search(text)) and not _tells_number(found, said)),
        ("no_denial", bool(_DENIED.search(text)) and not _DENIES.search(said)),
        ("other_year", bool(years and found.years) and years.isdisjoint(found.years)),
        ("other_side", bool(_OPEN.search(text)) and _other_side(asked, found)),
        ("other_number", _other_number(question, shown, above)),
    )
    return next((reason for reason, lacks in checks if lacks), "")


def _capitals_tell_nothing(text: str) -> bool:
    words = [word for word in re.findall(r"[^\W\d_][\w'-]*", text)[1:] if is_content(word.casefold())]
    capitals = sum(word[0].isupper() for word in words)
    german = sum(token in _GERMAN for token in tokens(text))
    return german >= 2 or (len(words) > 3 and capitals > _CAPITALS * len(words))


def _known(name: Name, stems: set[str], words: set[str]) -> bool:
    heavy = [word for word in name.words if is_content(word) and not _DEMONYM.search(word)]
    return not heavy or any(
        stem(word) in stems
        or (len(word) >= _LEAST_MISTYPED and bool(get_close_matches(word, words, 1, _MISTYPED)))
        for word in heavy
    )


def _initials(passages: Sequence[Passage]) -> set[str]:
    """Of names of several words, as they may be called for short: "PO" for "Presiding Officer"."""
    names = (name.words for passage in passages for name in read(passage.text).names)
    return {stem("".join(word[0] for word in words)) for words in names if len(words) > 1}


def _tells_time(found: Reading, said: str) -> bool:
    exact = found.dates or found.clocks or found.weekdays or found.periods or _YEAR.search(said)
    return bool(exact) or _TIMES_IN_WORDS.search(said) is not None


def _tells_number(found: Reading, said: str) -> bool:
    return bool(found.quantities or found.dates) or _NUMBERS_IN_WORDS.search(said) is not None


def _other_side(asked: Reading, found: Reading) -> bool:
    mine, theirs = set(asked.all_tokens), set(found.all_tokens)
    return any(
        mine & one and theirs & other and not mine & other and not theirs & one
        for sides in OPPOSITES
        if sides[0] & _ATTRIBUTES
        for one, other in (sides, sides[::-1])
    )


def _other_number(question: str, shown: Sequence[str], above: Sequence[str]) -> bool:
    """ "How many exits has building 3?" is not answered by what stands under "Building 4"."""
    asked, named = numbered([question]), numbered(above)
    said = numbered([*above, *shown])
    return are_apart(asked, {word: said[word] for word in named})
