"""What a sentence of an answer claims, if anything."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.rag.markers import strip_markers
from kb.rag.reading import Reading, read
from kb.rag.statements import question_stems
from kb.rag.wordlists import FILLER
from kb.rag.words import content_stems, plain, stem

_YES_NO = re.compile(
    r"\s*(?:yes\b[\s,.:;!\u2013\u2014-]*"
    r"|(?:no|sure|certainly|correct|indeed|ok(?:ay)?|right|true|false)\s*(?:[,.:;!\u2013\u2014-]\s*|$))",
    re.IGNORECASE,
)
# What asks for more than yes or no.
_OPEN = re.compile(
    r"\W*(?:(?:and|but|so|or)\W+)?(?:who|whom|whose|what|when|where|which|why|how)\b", re.IGNORECASE
)
_ENUMERATOR = re.compile(r"\A\s*\(?\d{1,3}[.)]\s+(?=\S)")
_ATTRIBUTION = re.compile(
    r"\s*(?:according to|based on|in accordance with|as (?:stated|described|mentioned|noted) (?:in|by))"
    r"\s[^,]{1,80},\s*",
    re.IGNORECASE,
)
_NO_ANSWER = re.compile(
    r"\b(?:passages?|sources?|documents?|text|context|information|handbook|polic(?:y|ies)) "
    r"(?:(?:provided|given|above|here) )?(?:do|does|did)(?: not|n['\u2019]t) "
    r"(?:say|state|mention|contain|provide|specify|include|answer|cover|give|address)"
    r"|\bI (?:do not|don['\u2019]t|cannot|can['\u2019]t) (?:know|find|answer|have)\b"
    r"|\bno (?:information|answer|mention) (?:is |was )?(?:about|on|in|found|given|available|provided)\b"
    r"|\bnot (?:mentioned|specified|stated|found) in the (?:passage|source|document|text|context)s?\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Claim:
    """What must be proved.

    Attributes:
        reading: of the whole sentence, whose exact items count.
        body: of what stands behind "According to ...,".
        wanted: the content stems that a source must hold.
        facts: how many exact items the sentence has.
        asked: the content stems of the question.
        code: it has code in it, as which code proves it.
        answer: what a fragment ("Wayfarer.") says that the question does not; a heading does not state it.
    """

    reading: Reading
    body: Reading
    wanted: frozenset[str]
    facts: int
    asked: frozenset[str] = frozenset()
    answer: frozenset[str] = frozenset()
    code: bool = False


def claim_of(sentence: str, question: str) -> Claim | str:
    """What must be proved, or the reason why there is nothing to prove: no_claim or no_answer.

    Args:
        question: lets a fragment ("14 days.") claim what it answers.
    """
    sentence = strip_markers(sentence)
    if _NO_ANSWER.search(sentence):
        return "no_answer"
    if sentence.rstrip().endswith("?"):
        return "no_claim"
    match = _YES_NO.match(sentence)
    text = _ENUMERATOR.sub("", sentence[match.end() :] if match else sentence)
    reading = read(text)
    attribution = _ATTRIBUTION.match(text)
    body = read(text[attribution.end() :]) if attribution else reading
    wanted = frozenset(body.stems) - _FILLER_STEMS
    facts = [
        *reading.dates,
        *reading.clocks,
        *reading.identifiers,
        *(q for q in reading.quantities if not q.implied),
    ]
    asked = frozenset(question_stems(question))
    said_already = asked.union(content_stems(plain(question)))
    says_new = bool(facts or reading.marks) or not wanted <= said_already
    if not says_new and (sentence.rstrip().endswith(":") or (_OPEN.match(question) and not match)):
        return "no_claim"
    if len(wanted) + bool(facts) < 2:
        if not (asked and (wanted or facts)):
            return "no_claim"
        # "How many days?" "15 days.": the unit is compared with its number.
        units = {stem(word) for item in reading.quantities for word in item.unit.split()}
        needed = wanted | (asked - units)
        return Claim(reading, body, needed, len(facts), asked, wanted - asked, "`" in sentence)
    return Claim(reading, body, wanted, len(facts), asked, code="`" in sentence)


_FILLER_STEMS = frozenset(item for word in FILLER for item in read(word).stems)
