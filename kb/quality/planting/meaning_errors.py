"""Errors of a small word: negation, modality, quantity and direction."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from kb.quality.planting.source import Source

# Where the auxiliary is that of the sentence itself and not of a clause in it.
_SUBORDINATE = re.compile(
    r"\b(?:if|when|whenever|unless|whether|who|whom|which|that|where|because|while|although|though|as|since|until|than|how|what|but)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:not|no|never|neither|nor|cannot|none|hardly|unless|only|nothing|without|any)\b|n't\b",
    re.IGNORECASE,
)
_AUXILIARY = "is|are|was|were|will|would|must|can|should"
_INSERT = re.compile(
    rf"\b(?P<verb>{_AUXILIARY})\b(?! (?:be )?(?:also|either|not|n|some|most|one|both|all|every"
    rf"|each|many|often|still|a lot)\b)"
)
_YOU_MAY = re.compile(
    r"(?:You|Employees|[A-Z][a-z]+s) (?P<verb>may)(?= (?!be|have|want|need|also|find|not|wish|see)[a-z])"
)
_HAS = re.compile(r"\b(?P<verb>has|have|had) (?=been\b)")
# "Some are not" leaves room for "some are", and "here are not" is no sentence.
_OPENS_ODDLY = re.compile(
    r"(?:Many|Most|Some|Several|Often|Sometimes|Few|Each|Every|Either|Both|All|Here|There)\b"
)
_ORDERS = re.compile(
    r"(?:Use|Send|Ask|Submit|Contact|Include|Add|Make|Take|Check|Keep|Complete|Enter|Select"
    r"|Share|Click|Choose|Open|Create) "
)
_REMOVE = (
    (r"\b(can)(?:not|'t)\b", r"\1"),
    (r"\b(is|are|was|were|could|should|would|has|have|had)n't\b", r"\1"),
    (rf"\b({_AUXILIARY}|may|could) not (?!only|necessarily|all|limited|just|always|yet)", r"\1 "),
    (r"\b(has|have|had) not (?=been\b)", r"\1 "),
    (r"\bdo not have\b", "have"),
    (r"\bdoes not have\b", "has"),
    (r"\bnever\b", "always"),
    (r"\bDo not (?=[a-z])", "Please "),
    (r"\bwithout (?=an? |the |your )", "with "),
)
_NO_PLAIN_NOT = re.compile(
    r"\b(?:or|if|whether) (?:or )?not\b|\bnot only\b|\bno (?:more|less|later|fewer)\b|\bbut not\b"
)
_NOT_AUXILIARY = (
    r"(?<!will )(?<!should )(?<!may )(?<!might )(?<!would )(?<!not )(?<!n't )(?<!shall )(?<!can )(?<!must )"
)
_MODALS = (
    (r"\bmust not\b", "may"),
    (r"\bmust\b(?! not)", "may"),
    (r"\bmay\b(?! not| be\b| have\b)(?=(?: only| also)? [a-z])", "must"),
    (r"\b(is|are) required to\b", r"\1 allowed to"),
    (rf"{_NOT_AUXILIARY}\bneeds? to\b", "may"),
    (rf"{_NOT_AUXILIARY}\bha(?:ve|s) to\b", "may"),
    (r"\bshould\b(?! not| be able)", "must"),
    (r"\b(is|are) recommended\b", r"\1 required"),
    (r"\b(is|are) required\b(?! (?:to|by))", r"\1 optional"),
    (r"\b(is|are) optional\b", r"\1 mandatory"),
    (r"\bshall\b(?! not)", "may"),
    (r"\bcan\b(?! not| be\b| also\b| help\b)(?= [a-z])", "must"),
)
_QUANTIFIERS = (
    (r"\b([Aa])ll (?=(?:of )?(?:the |your |our )?[a-z]+s\b)", "{N}one of the "),
    (r"\bEvery (?=[a-z])", "No "),
    (r"\bEach (?=[a-z]+ (?:is|was|has|must|may|will))", "No "),
    (r"\b[Ss]ome (?=(?:of the )?[a-z]+s\b)", "all "),
    (r"\b[Mm]any (?=(?:of the )?[a-z]+s\b)", "few "),
    (r"\b[Mm]ost (?=(?:of the )?[a-z]+s\b)", "all "),
    (r"\b[Ff]ew (?=[a-z]+s\b)", "many "),
    (r"\busually\b|\boften\b|\bsometimes\b|\btypically\b|\bgenerally\b", "always"),
    (r"\balways\b", "never"),
    (r"\b[Ss]everal (?=[a-z]+s\b)", "all "),
    (r"\bboth (?=[A-Za-z]+ and )", "neither of "),
)
_DIRECTIONS = (
    (r"\bbefore\b", "after"),
    (r"\bafter\b(?! all\b| hours\b)", "before"),
    (r"\bprior to\b", "after"),
    (r"\bat least\b(?!.{1,30} or more)", "at most"),
    (r"\bup to\b(?= \$?\d)", "at least"),
    (r"\bmore than\b(?! one)", "less than"),
    (r"\bless than\b", "more than"),
    (r"\bincreases\b", "decreases"),
    (r"\bincreased\b", "decreased"),
    (r"\bdecreases\b", "increases"),
    (r"\bdecreased\b", "increased"),
    (r"\bminimum\b", "maximum"),
    (r"\bmaximum\b", "minimum"),
    (r"\babove\b(?= the | \$?\d)", "below"),
    (r"\bbelow\b(?= the | \$?\d)", "above"),
    (r"\bhigher\b", "lower"),
    (r"\blower\b(?= than)", "higher"),
    (r"\blarger\b", "smaller"),
    (r"\bsmaller\b", "larger"),
    (r"\binside\b", "outside"),
    (r"\boutside\b(?= the| of)", "inside"),
    (r"\bearliest\b", "latest"),
    (r"\bhighest\b", "lowest"),
    (r"\blargest\b", "smallest"),
    (r"\bexcluding\b", "including"),
    (r"\bwith the exception of\b", "including"),
    (r"\bgreater\b", "smaller"),
)
_PARTY = re.compile(r"((?:The )?[A-Z]?[a-z]+(?: [a-z]+)?) (?=may |can )")
_NO_PARTY = frozenset(["it", "there", "this", "that", "they", "you", "we", "i", "he", "she", "which"])


def negation(source: Source, chance: random.Random) -> str | None:
    """A negation comes to the main verb, or the only one of the sentence goes."""
    sentence = source.sentence
    denials = _DENIED.findall(sentence)
    if denials:
        return _without_not(sentence) if len(denials) == 1 else None
    if order := _ORDERS.match(sentence):
        return f"Do not {sentence[0].lower()}{order.group()[1:]}{sentence[order.end() :]}"
    if _OPENS_ODDLY.match(sentence):
        return None
    for pattern in (_HAS, _YOU_MAY, _INSERT):
        match = pattern.search(sentence)
        if match and not _SUBORDINATE.search(sentence, 0, match.start("verb")):
            denied = "cannot" if match["verb"] == "can" else f"{match['verb']} not"
            return sentence[: match.start("verb")] + denied + sentence[match.end("verb") :]
    return None


def _without_not(sentence: str) -> str | None:
    if _NO_PLAIN_NOT.search(sentence):
        return None
    for pattern, new in _REMOVE:
        if match := re.search(pattern, sentence):
            return sentence[: match.start()] + match.expand(new) + sentence[match.end() :]
    return None


def modality(source: Source, chance: random.Random) -> str | None:
    """A duty becomes a permission, a permission a duty, a recommendation a duty."""
    return _exchanged(source.sentence, _MODALS, chance)


def quantifier(source: Source, chance: random.Random) -> str | None:
    """More, fewer or none of what the sentence speaks of; or "only" those who may."""
    sentence = source.sentence
    party = _PARTY.match(sentence)
    if (
        party
        and party.group(1).casefold() not in _NO_PARTY
        and "only" not in sentence
        and chance.random() < 0.5
    ):
        return f"Only {sentence[0].lower()}{sentence[1:]}"
    if _DENIED.search(sentence):
        return None  # "Not all are" for "some are not": too near to the truth
    changed = _exchanged(sentence, _QUANTIFIERS, chance)
    return changed and re.sub(
        r"\bnone of the (?:of )?(?:the |your |our )?", "none of the ", changed, flags=re.IGNORECASE
    )


def direction(source: Source, chance: random.Random) -> str | None:
    """Before becomes after, at least becomes at most, above becomes below."""
    return _exchanged(source.sentence, _DIRECTIONS, chance)


def _exchanged(sentence: str, swaps: Sequence[tuple[str, str]], chance: random.Random) -> str | None:
    found = [(match, new) for old, new in swaps for match in re.finditer(old, sentence)]
    if not found:
        return None
    match, new = chance.choice(found)
    new = match.expand(new.replace("{N}", "n"))
    if match.start() == 0:
        new = new[0].upper() + new[1:]
    return sentence[: match.start()] + new + sentence[match.end() :]
