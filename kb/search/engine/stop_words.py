"""English words that say how something is asked, not what about."""

from __future__ import annotations

_ARTICLES_AND_CONJUNCTIONS = (
    "a an the and or but nor if then than so as because while that this these those such"
)
_PREPOSITIONS = "of in on at by for with from to into onto about between through during per via"
_PRONOUNS = (
    "i me my mine we us our ours you your yours he him his she her hers it its they them their theirs "
    "one someone anyone everyone something anything myself yourself itself themselves"
)
_QUESTIONS = "what which who whom whose when where why how"
_VERBS = (
    "am is are was were be been being do does did doing done have has had having "
    "can could may might must shall should will would"
)
_FILLERS = "no not there here also just very too only any some all each both please"
# What is left of don't, I'm, we'll, you've and they're once the apostrophe has split them.
_CONTRACTIONS = "s t d m ll ve re don doesn didn isn aren wasn weren couldn shouldn wouldn hasn haven hadn"

ENGLISH: tuple[str, ...] = tuple(
    " ".join(
        (_ARTICLES_AND_CONJUNCTIONS, _PREPOSITIONS, _PRONOUNS, _QUESTIONS, _VERBS, _FILLERS, _CONTRACTIONS)
    ).split()
)
