"""Whether the source states as true, as true today, and of this case, what a sentence says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.rag.frames import only_framed, under_false_heading
from kb.rag.reading import Reading
from kb.rag.statements import Statement
from kb.rag.window import Window
from kb.rag.words import content_stems

# What a source reports, plans or denies without stating it.
_UNREAL = re.compile(
    r"\b(?:myths?|rumou?rs?|rumou?red|alleged(?:ly)?|supposedly|falsely|untrue|mistakenly|hypothetical(?:ly)?"
    r"|proposed|proposes|planned|rejected|dropped|abandoned|withdrawn|suggest(?:s|ed)?|superseded|deprecated|vermutlich|angeblich"
    r"|(?:some|many|critics|users|customers|people|they)(?: \w+){0,2}"
    r" (?:claim|report|say|believe|think)(?:ed|s)?)\b"
    r"|\A\W*(?:according to|laut|example:|beispiel:|zum beispiel:)(?=\W)"
    r"|\b(?:could|might|would) (?:claim|argue)\b|[,;]\s*otherwise\b",
    re.IGNORECASE,
)
# What could be is not said to be.
_POSSIBLE = re.compile(
    r"\b(?:might|could|perhaps|possibly|maybe|könnte|könnten|vielleicht)\b"
    r"|\b(?:can|may) (?:\w+ly )?(?:make|cause|lead|result|become|damage"
    r"|be (?:unsafe|dangerous|harmful|affected|lost|damaged)|harm|affect|fail|break|occur|happen)\b",
    re.IGNORECASE,
)
_SAYS_POSSIBLE = re.compile(
    r"\b(?:might\w*|could\w*|can|cannot|may|perhaps|possibly|maybe|possible|kann|können|könnte|könnten|vielleicht|möglich\w*)\b|n't\b",
    re.IGNORECASE,
)
_OVER = re.compile(r"\b(?:until|formerly|previously|used to|no longer|in the past)\b", re.IGNORECASE)
# What is to change has not changed yet. "Employees will receive" is a rule and no plan.
_TO_COME = re.compile(
    r"\bwill (?:soon |then |not )?(?:be (?:raised|lowered|increased|reduced|introduced|replaced|abolished"
    r"|moved|closed|opened|extended|changed|renamed|merged|retired)|rise|fall|increase|decrease|change|become|move"
    r"|grow|double|replace|introduce|cease|drop)\b"
    r"|\b(?:plans?|planning|intends?|intending|hopes?|wants?|aims?|expects?|expected|scheduled|going"
    r"|about) to\b|\bis considering\b"
    r"|\b(?:we|they|it|experts|analysts|wir) (?:expect|anticipate|forecast|estimate|erwarten)s?\b"
    r"|\b(?:plant|planen|beabsichtigt|vorgesehen|geplant)\b|\bsoll\w* [^.;]{0,80}\bwerden\b"
    r"|\bwird [^.;]{0,60}\b(?:steigen|sinken|erhöht|gesenkt|eingeführt|abgeschafft|ersetzt|geschlossen)\b",
    re.IGNORECASE,
)
_SAYS_TO_COME = re.compile(
    r"\b(?:will|would|shall|soon|from|plans?|planned|planning|intends?|hopes?|wants?|aims?|expect\w*|scheduled|going"
    r"|about to|considering|wird|werden|soll\w*|plant|planen|beabsichtigt|vorgesehen|geplant|ab)\b|'ll\b",
    re.IGNORECASE,
)
_PAST = re.compile(r"\b(?:was|were|had|used)\b", re.IGNORECASE)
_PRESENT = re.compile(r"\b(?:is|are|has|have)\b", re.IGNORECASE)
_EXCEPTION = re.compile(
    r"\b(?:except(?: for)?|other than|apart from|excluding|with the exception of|contrary to|unlike|entgegen"
    r"|im gegensatz zu\w?)\b(?P<case>[^.;,:()]*)",
    re.IGNORECASE,
)
_SAYS_ONE = re.compile(
    r"\b(?:except|exception|other|apart|excluding|only|not|no|never|but|unless|contrary|unlike|entgegen"
    r"|gegensatz)\b|n['\u2019]t\b",
    re.IGNORECASE,
)
# A statement of the window is the claim's own when it holds this share of the claim's content words.
_OWN = 0.5


def standing_differs(claim: Reading, window: Window) -> str:
    """not_a_fact_in_source, past_in_source or exception_in_source; else empty.

    A word that the claim has too ("The fee was rejected.") makes no difference.
    """
    said = claim.text.casefold()
    for statement in _own(claim, window):
        source = statement.reading.text
        if under_false_heading(said, statement.headings) or only_framed(said, claim.stems, source):
            return "not_a_fact_in_source"
        if any(match.group().strip(" ,;").casefold() not in said for match in _UNREAL.finditer(source)):
            return "not_a_fact_in_source"
        if _POSSIBLE.search(source) and not _SAYS_POSSIBLE.search(said):
            return "not_a_fact_in_source"
        if _TO_COME.search(source) and not _SAYS_TO_COME.search(said):
            return "not_a_fact_in_source"
        if _is_over(source) and not _PAST.search(said) and _PRESENT.search(said) and not _OVER.search(said):
            return "past_in_source"
        if not _SAYS_ONE.search(said) and any(case & set(claim.stems) for case in _cases(source)):
            return "exception_in_source"
    return ""


def _own(claim: Reading, window: Window) -> Iterator[Statement]:
    mine = set(claim.stems)
    for statement in window.statements:
        if mine and len(mine & set(statement.stems)) >= _OWN * len(mine):
            yield statement


def _is_over(source: str) -> bool:
    return bool(_OVER.search(source) and _PAST.search(source) and not _PRESENT.search(source))


def _cases(source: str) -> Iterator[frozenset[str]]:
    """The content stems that only an exception has."""
    for match in _EXCEPTION.finditer(source):
        rest = content_stems(source[: match.start()] + source[match.end() :])
        yield frozenset(content_stems(match["case"])) - frozenset(rest)
