"""Frames in which a source names something without stating it: doubt, denial, lack, supposition, myth."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kb.rag.words import content_stems

_DOUBTFUL = (
    r"(?:unclear|doubtful|uncertain|disputed|undecided|unconfirmed|unknown|unlikely"
    r"|(?:not|never) (?:yet |at all )?(?:clear|certain|known|sure|decided|confirmed|true)"
    r"|unklar|ungewiss|unsicher|zweifelhaft|fraglich|umstritten|nicht (?:klar|sicher|bekannt|geklärt))"
)
_WHETHER = r"(?:whether|if|that|ob|dass)"
# What the source says, and what a sentence says that repeats the frame in these or in like words.
_WHOLE = tuple(
    (re.compile(source, re.IGNORECASE), re.compile(rf"\b(?:{said})|n't\b", re.IGNORECASE))
    for source, said in (
        (
            rf"\b{_DOUBTFUL},? {_WHETHER}\b|(?:\A|[.;:] )(?:whether|ob)\b[^.;]{{0,200}}?\b{_DOUBTFUL}\b"
            r"|\b(?:remains|is|are) to be (?:seen|confirmed|decided)\b|\bes ist offen, ob\b",
            r"whether|ob|no|not|un\w+|doubt\w*|disput\w+|open|nicht|zweifel\w*|fraglich|offen|to be\b",
        ),
        (
            r"\b(?:den(?:y|ies|ied|ying)|disput(?:es?|ed|ing)|refut(?:es?|ed|ing)|doubt(?:s|ed|ing)?)"
            r" (?:(?:any |the |all )?(?:claims?|reports?|rumou?rs?|allegations?) )?"
            r"(?:that|whether|having|being)\b"
            r"|\b(?:bestreite[nt]|bestritt(?:en)?|dementier(?:t|te|en|ten)|leugne[nt]|leugneten?|bezweifel[nt])\b"
            r"|\b(?:misconceptions?|fallac(?:y|ies)|irrtum|irrtümer|irrglaube\w*|missverständnis\w*|gerüchte?)\b",
            r"den(?:y|ie)\w*|disput\w+|refut\w+|doubt\w*|misconc\w+|fallac\w+|myth\w*|untrue|false|wrong|no|not"
            r"|bestr\w+|dementier\w+|leugn\w+|bezweif\w+|irr\w+|missverst\w+|gerücht\w*",
        ),
        (r"\byet to (?:be )?\w+|\bsteh(?:t|en) noch aus\b", r"yet|not|still|noch"),
        (
            r"(?:\A\W*|[.:;] )(?:for example,? |zum beispiel,? )?(?:suppos(?:e|ing)|imagine"
            r"|let(?: us|'s) (?:say|assume)"
            r"|assum(?:e|ing) (?!(?:\w+ )?(?:role|responsibility|position|duties|control)\b)"
            r"(?:that|you|we|a|an|the|there|your|our)|angenommen|nehmen wir an|gesetzt den fall"
            r"|stell(?:en sie sich|t euch| dir) vor)\b",
            r"suppos\w+|imagin\w+|assum\w+|let|if|when|angenommen|nehmen|gesetzt|stell\w+|wenn|falls",
        ),
        (
            r"\bwould(?! (?:like|prefer|later|then|soon|eventually|subsequently|go on)\b)\b|\bwürden?\b",
            r"would|could|might|may|if|würden?|könnten?|wenn|falls",
        ),
    )
)
# These speak of the want of what they govern; what else the sentence says is stated.
_WANTING = (
    re.compile(
        r"\b(?:failures?|fail(?:s|ed|ing)?|neglect(?:s|ed|ing)?|refus(?:al|es?|ed|ing)|declin(?:es?|ed|ing)"
        r"|inability|unwillingness|omit(?:s|ted|ting)?|forg(?:et|ets|ot|etting)) to (?P<case>[^.;,:()]+)"
        r"|\b(?:Versäumnis|Unterlassen|Unterlassung),? (?P<omitted>[^.;:()]+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:lack|absence|shortage) of (?:(?:an?|the|any|enough|sufficient) )?"
        r"(?P<case>[^\W_]+(?: [^\W_]+)?)"
        r"|\b(?:Mangel an|Fehlen (?:von|des|der|eines|einer)|Abwesenheit (?:von|des|der)|fehlende[rnms]?)"
        r" (?P<omitted>[^\W_]+)",
        re.IGNORECASE,
    ),
)
_SAYS_WANTING = re.compile(
    r"\b(?:fail\w*|neglect\w*|refus\w+|declin\w+|unable|inability|unwilling\w*|omi(?:t|ss)\w*|forg[eo]t\w*|lack\w*"
    r"|absen\w+|shortage|missing|without|no|not|never|versäum\w+|unterl\w+|mangel\w*|fehl\w+|abwesen\w+|ohne"
    r"|kein\w*|nicht)\b|n't\b",
    re.IGNORECASE,
)
_FALSE_HEADING = re.compile(
    r"\W*(?:(?:common|popular|widespread|some|the|false|wrong|\d+|häufige|verbreitete|falsche) )*"
    r"(?:myths?|misconceptions?|rumou?rs?|fallacies|misinformation"
    r"|(?:false|wrong|untrue|falsche) (?:claims?|statements?|beliefs?|assumptions?|answers?|behauptungen"
    r"|aussagen|annahmen|antworten)|mythen|irrtümer|gerüchte|missverständnisse)"
    r"(?:(?: (?:about|around|on|we|you|that|über|zu|zum|zur|rund)\b|[:,] ).*)?\W*",
    re.IGNORECASE,
)
_SAYS_FALSE = re.compile(
    r"\b(?:myth\w*|misc\w+|rumou?r\w*|fallac\w+|misinform\w+|false\w*|wrong\w*|untrue"
    r"|falsch\w*|irrt\w+|gerücht\w*|missverst\w+)\b",
    re.IGNORECASE,
)


def only_framed(said: str, stems: Sequence[str], source: str) -> bool:
    """Whether a source names what a sentence states in a frame that the sentence does not repeat.

    Args:
        said: the sentence, plain.
        stems: its content stems.
    """
    if any(frame.search(source) and not repeats.search(said) for frame, repeats in _WHOLE):
        return True
    if _SAYS_WANTING.search(said):
        return False
    return any(case & set(stems) for case in _wanting(source))


def under_false_heading(said: str, headings: Sequence[str]) -> bool:
    """Whether a heading says that what stands below it is false, and the sentence does not say so."""
    return not _SAYS_FALSE.search(said) and any(_FALSE_HEADING.fullmatch(heading) for heading in headings)


def _wanting(source: str) -> Iterator[frozenset[str]]:
    for pattern in _WANTING:
        for match in pattern.finditer(source):
            yield frozenset(content_stems(match["case"] or match["omitted"]))
