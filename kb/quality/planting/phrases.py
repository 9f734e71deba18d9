"""Pieces of English sentences, by closed lists: noun phrases, verbs and what tells them.

Lists of the generator's own, none of the checker's: what the checker does not know must come up as well.
"""

from __future__ import annotations

import re


def words(text: str) -> list[str]:
    """A list as one text: shorter to read than forty quotation marks."""
    return text.split()


MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NO_NAMES = words(
    """
    The A An This That These Those It He She They We You I In On At By For From To Of And Or But If
    When While As After Before Since Until Although Though Because However Most Many Some All Each
    Every No Not Only One Two Three Four Five Six Seven Eight Nine Ten Other Another Its His Her
    Their Our Your My There Here What Which Who How Where Why Please Note Yes First Second Third
    Also Both Either Neither Several Such With Without Under Over During Then Thus Once Any Let Do
    Does Did Is Are Was Were Be Can May Must Will Should"""
)
_STOPPERS = "|".join([*_NO_NAMES, *MONTHS, *WEEKDAYS])
# One to four capitalised words; single letters and words of the list above are none.
NAME = re.compile(
    rf"(?<![\w'.-])(?!(?:{_STOPPERS})\b)[A-Z][\w&'-]+(?: (?!(?:{_STOPPERS})\b)[A-Z][\w&'-]+){{0,3}}(?!['\w-])"
)
# Not the first word of anything: what has a capital there is a name.
NAME_INSIDE = re.compile(rf"(?<=[a-z] ){NAME.pattern}(?= [a-z]|[.,;])")
VERB_SIGN = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|would|do|does|did|must|may|can|cannot|could|might|should|need|needs|be)\b"
    r"|\b\w{3,}(?:ed|es)\b|\b(?:use|make|send|ask|give|take|see|get|check|contact|submit|ensure)\b",
    re.IGNORECASE,
)
AUXILIARY = "is|are|was|were|has|have|had|will|would|must|may|can|could|might|should|do|does|did"
# Base forms of verbs with an agent and a patient, where "A does it to B" and "B does it to A" are two things.
_VERBS = words(
    """
    accept access acquire address administer adopt advise affect allow announce appoint approve
    arrange assist attack attract authorize award calculate cause challenge change cite complete
    conduct confirm contact control cover create criticize define deliver describe design destroy
    determine develop direct discover encourage enforce ensure enter establish evaluate examine
    explain express extend follow form fund generate grant guide handle help host identify implement
    improve include increase influence inform inspect invade invent invite issue join launch limit
    maintain manage monitor name need notify obtain offer operate organize own oversee pay perform
    perceive persuade plan praise prevent process produce promote protect prove provide publish
    purchase reach receive recommend record reduce reimburse reject release remove replace report
    represent request require review ruin serve sign submit succeed supervise supply support train
    translate trust use verify view visit want"""
)
# Done by both to each other: turned round, it still holds.
SYMMETRIC = re.compile(
    r"\b(?:same|equal|equals|equivalent|similar|unlike|like|differ|differs|differed|different"
    r"|between|both|together|each other"
    r"|meet|meets|met|marry|married|marries|border|borders|bordered|join|joined|joins|match|matches|matched|resemble|resembles"
    r"|also known|known as|called|named|synonym|aka|share|shares|shared|cooperate|collaborate"
    r"|collaborated|near|with|and|or|versus"
    r"|related|opposite|adjacent|parallel|alongside|i\.e)\b",
    re.IGNORECASE,
)
_IRREGULAR = {
    "pay": "paid",
    "oversee": "overseen",
    "submit": "submitted",
    "plan": "planned",
    "prove": "proved",
}


def third_person(verb: str) -> str:
    """ "approves" for "approve"."""
    if verb.endswith(("s", "x", "z", "ch", "sh")):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if verb[-1] == "y" and verb[-2] not in "aeiou" else f"{verb}s"


def participle(verb: str) -> str:
    """ "approved" for "approve"."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith("e"):
        return f"{verb}d"
    return f"{verb[:-1]}ied" if verb[-1] == "y" and verb[-2] not in "aeiou" else f"{verb}ed"


BASES = {form: verb for verb in _VERBS for form in (verb, third_person(verb), participle(verb))}
_PAST = {participle(verb) for verb in _VERBS}
TRANSITIVE = "|".join(sorted(BASES, key=len, reverse=True))
PARTICIPLES = "|".join(sorted(_PAST, key=len, reverse=True))
DETERMINERS = frozenset(["the", "a", "an", "your", "our", "their", "each", "every", "all"])
_DETERMINER = r"(?:[Tt]he|[Aa]n?|[Yy]our|[Oo]ur|[Tt]heir|[Ee]ach|[Ee]very|[Aa]ll|[Tt]his|[Tt]hese)"
_NO_NOUN = (
    rf"(?!(?:{AUXILIARY}|of|to|in|on|at|by|for|from|with|and|or|that|which|who|as|not|be|been|cannot|it|they|you|we|he|she|"
    r"than|when|if|where|while|also|only)\b)"
)
# A determiner and one to three plain words, or a bare plural that opens a sentence.
NOUN_PHRASE = rf"(?:{_DETERMINER}(?: {_NO_NOUN}[a-z][a-z-]+){{1,3}})"
OPENING_PLURAL = (
    r"(?:(?!This|His|Its|As|Is|Was|Has|Does|Always|Perhaps|Besides|Unless|Across"
    r"|Plus|Yes|Thus)[A-Z][a-z]{3,}s)"
)
# Say nothing by themselves of what they stand for.
EMPTY_NOUNS = frozenset(
    words(
        """
    following answer result reason goal purpose first last other same main next above below latter
    former rest one term name word idea fact point way number kind type example question case
    everyone anyone everybody someone"""
    )
)
_PLURALS = frozenset(["people", "children", "staff", "men", "women", "police", "members"])
_SINGULAR_ENDS = ("ss", "us", "is", "ics", "news", "series")
_PLURAL_ENDS = ("eaus", "menus")


def is_plural(phrase: str) -> bool:
    """Whether a noun phrase is more than one, by its last word."""
    last = phrase.split()[-1].casefold()
    return last in _PLURALS or (
        last.endswith("s") and (last.endswith(_PLURAL_ENDS) or not last.endswith(_SINGULAR_ENDS))
    )


def shape_of(name: str) -> str:
    """What may take a name's place: an acronym another acronym, a nationality another; "" for one that none
    can replace."""
    if name.isupper():
        return "acronym" if name.isalpha() and len(name) < 7 else ""
    words = name.split()
    if any(word.isupper() and len(word) > 1 for word in words):
        return ""
    if len(words) == 1:
        if name.endswith(("ian", "can", "ish", "ese", "nch", "man")):
            return "adjective"
        return "plural" if name.endswith("s") else "one"
    return f"{min(len(words), 3)} words{' s' if name.endswith('s') else ''}"


def same_words(text: str) -> list[str]:
    """Words and numbers in lower case."""
    return re.findall(r"\d[\d,.]*\d|[^\W_]+", text.casefold())


def opening(phrase: str) -> str:
    """The phrase as it begins a sentence."""
    return phrase[0].upper() + phrase[1:]
