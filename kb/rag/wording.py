"""What stands in which place, where a sentence says almost what its source says.

Overlap cannot see that "usually" became "always", that another name stands where the source has one, or that
a laptop became a phone: one word of a long sentence weighs little. So the two are laid beside each other
(`alignment`), and each short stretch that was exchanged is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kb.rag.alignment import Alignment, Exchange, alignments
from kb.rag.contrasts import COMPARING, LIMITING, MODALITY, OPPOSITES, SCALES_OF_WORDS
from kb.rag.polarity import is_passive
from kb.rag.reading import Reading
from kb.rag.window import Window
from kb.rag.wordlists import PRONOUNS, SCALES, UNITS
from kb.rag.words import stem

_MEASURES = {word: name for word, name in {**UNITS, **SCALES}.items() if len(word) > 3}
# From this share of words in their places on, a sentence repeats its source, and a word that stands in the
# place of another is another word. Below it, the thing was said anew.
_REPEATS = 0.7


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TENSES = (
    (frozenset({"will"}), frozenset({"was", "were", "has", "have", "had"})),
    (frozenset({"is", "are"}), frozenset({"was", "were"})),
    (frozenset({"wird", "werden"}), frozenset({"wurde", "wurden"})),
    (frozenset({"ist", "sind"}), frozenset({"war", "waren"})),
)
_ALL = frozenset({"all", "every", "always", "alle", "jede", "jeder", "jedes", "sämtliche", "immer"})
_ANY = _words("each any each both entire whole everyone everybody everything no none never daily allen aller")
_MOST = _words("most mostly majority meisten meist mehrheit")
_AT_MOST = re.compile(r"\bat (?:the )?most\b", re.IGNORECASE)
_BECAUSE = re.compile(
    r"\b(?:because|since (?!\d|\w+ \d)|due to|owing to|weil|wegen|aufgrund)\b", re.IGNORECASE
)
_CAUSE = re.compile(
    r"\b(?:because|since|due to|owing to|as|so|thus|therefore|hence|cause[sd]?|lead|leads|led|reason"
    r"|result\w*|for|to avoid|weil|da|wegen|aufgrund|daher|deshalb|denn|damit|durch|um)\b",
    re.IGNORECASE,
)
_AND, _OR = frozenset({"and", "und", "sowie"}), frozenset({"or", "oder"})
# Words of one family: "decide" and "decision", "geöffnet" and "geöffnete".
_SAME_ROOT, _LONGEST_TAIL = 4, 4


def wording_differs(claim: Reading, window: Window) -> str:
    """The stable reason why a stretch of the claim says another thing than the source there; "" if none.

    unit_differs, degree_differs, cause_not_in_source, past_in_source,
    opposite_in_source, order_differs, name_differs, subject_differs or
    wording_differs.
    """
    if _compares(claim, window) or _says_all(claim, window):
        return "degree_differs"
    if _BECAUSE.search(claim.text) and not any(_CAUSE.search(s.reading.text) for s in window.statements):
        return "cause_not_in_source"
    for beside in alignments(claim, window):
        exchanges = beside.exchanges
        reasons = (
            ("unit_differs", any(_other_unit(each) for each in exchanges)),
            ("degree_differs", any(_degree_differs(each) or _joined_otherwise(each) for each in exchanges)),
            ("past_in_source", any(_other_tense(each) for each in exchanges)),
            ("opposite_in_source", any(_opposite(each) for each in exchanges)),
            ("order_differs", _change_places(beside)),
            ("name_differs", any(_other_name(each, beside) for each in exchanges)),
            ("subject_differs", any(_other_opening(each) for each in exchanges)),
            ("wording_differs", any(_other_word(each, beside, window) for each in exchanges)),
        )
        for reason, differs in reasons:
            if differs:
                return reason
    return ""


def _compares(claim: Reading, window: Window) -> bool:
    """Whether the claim compares ("higher", "the cheapest") what its source does not compare."""
    mine, theirs = set(claim.all_tokens) & COMPARING, set(window.all_tokens)
    return bool(mine) and theirs.isdisjoint(COMPARING) and not mine <= theirs


def _says_all(claim: Reading, window: Window) -> bool:
    """ "All staff receive 28 days" where the source does not say so of all, nor of most."""
    mine, theirs = set(claim.all_tokens), set(window.all_tokens)
    limits = len(_AT_MOST.findall(claim.text)) == claim.all_tokens.count("most")
    if mine & _MOST - ({"most"} if limits else set()) and theirs.isdisjoint(_MOST):
        return True
    return bool(mine & _ALL) and theirs.isdisjoint(_ALL | _ANY)


def _degree_differs(each: Exchange) -> bool:
    """ "Always" for "usually", "may" for "must", "all" for "most"; "may not" and "must not" are one.

    "At most" for "no more than" is a limit, which `limits` compares.
    """
    if set(each.mine) <= LIMITING and set(each.theirs) <= LIMITING:
        return False
    for scale in SCALES_OF_WORDS:
        if each.denied and scale in MODALITY:
            continue
        mine = {step for step, words in enumerate(scale) if words & _with_have_to(each.mine)}
        theirs = {step for step, words in enumerate(scale) if words & _with_have_to(each.theirs)}
        if mine and theirs and mine != theirs:
            return True
    return False


def _with_have_to(words: Sequence[str]) -> frozenset[str]:
    return frozenset(words) | ({"must"} if "to" in words and {"have", "has"} & set(words) else frozenset())


def _other_tense(each: Exchange) -> bool:
    """ "Has been signed" for "will be signed", "is" for "was"; "was built" and "has been built" are one."""
    return _changes_sides(each, _TENSES)


def _joined_otherwise(each: Exchange) -> bool:
    """ "A or B" for "A and B"; under a negation both may say the same."""
    mine, theirs = set(each.mine), set(each.theirs)
    return not each.denied and any(
        mine <= one and theirs <= other for one, other in ((_AND, _OR), (_OR, _AND))
    )


def _other_unit(each: Exchange) -> bool:
    """ "A few hundred dollars" for "a few hundred euros": a unit whose number is no number."""
    mine, theirs = (
        {_MEASURES[word] for word in words if word in _MEASURES} for words in (each.mine, each.theirs)
    )
    return bool(mine and theirs) and mine.isdisjoint(theirs)


def _opposite(each: Exchange) -> bool:
    return _changes_sides(each, OPPOSITES)


def _changes_sides(each: Exchange, pairs: Iterable[tuple[frozenset[str], frozenset[str]]]) -> bool:
    """Whether of one of these pairs the claim has one side, and the source the other."""
    mine, theirs = set(each.mine), set(each.theirs)
    return any(
        mine & one and theirs & other and not mine & other and not theirs & one
        for sides in pairs
        for one, other in (sides, sides[::-1])
    )


def _change_places(beside: Alignment) -> bool:
    """ "A pays B" for "B pays A". Members of a list may change places, and the passive undoes one change."""
    if is_passive(beside.claim.text) != is_passive(beside.source.text):
        return False
    for i, one in enumerate(beside.exchanges):
        for other in beside.exchanges[i + 1 :]:
            mine, theirs = one.stems
            if mine and theirs and other.stems == (theirs, mine) and not (one.joined or other.joined):
                return True
    return False


def _other_name(each: Exchange, beside: Alignment) -> bool:
    """One name stands where the source has another; what opens a sentence may have its capital from that."""
    mine, theirs = (
        {word for name in reading.names if not name.opens for word in name.words if word in words}
        for reading, words in ((beside.claim, each.mine), (beside.source, each.theirs))
    )
    return (
        bool(mine and theirs) and not each.joined and not (mine & set(each.theirs) or theirs & set(each.mine))
    )


def _other_opening(each: Exchange) -> bool:
    """The sentence opens with another thing than its source, which does not open with a pronoun."""
    mine, theirs = each.stems
    return each.at <= 1 and bool(mine and theirs) and not mine & theirs and PRONOUNS.isdisjoint(each.theirs)


def _other_word(each: Exchange, beside: Alignment, window: Window) -> bool:
    """A content word stands in the place of another: "replaced" for "cleaned"."""
    if beside.nearness < _REPEATS:
        return False
    mine, theirs = each.stems
    mine -= window.all_stems
    theirs -= {stem(token) for token in beside.mine}
    return bool(mine and theirs) and not all(any(_one_family(a, b) for b in theirs) for a in mine)


def _one_family(a: str, b: str) -> bool:
    same = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return same >= _SAME_ROOT and max(len(a), len(b)) - same <= _LONGEST_TAIL
