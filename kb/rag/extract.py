"""The passages' own words as an answer: for when the model's sentences could not be proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kb.rag.bare import begin_with_heading
from kb.rag.nearness import Nearness
from kb.rag.statements import Statement, question_stems, statements_of
from kb.rag.struck import struck_spans
from kb.rag.types import Passage, Quote
from kb.rag.words import rarity, weight

# A quote says something on the question when it or its headings hold this share of the question's words by
# weight.
_ENOUGH = 0.3
# Beside a good quote, one that is much worse only distracts.
_OF_BEST = 0.75
_HEADING_SAY = 0.5
# Words find what is written as it is asked, vectors what is written otherwise: half and half. Any weight from
# 0.4 to 0.8 does as well (docs/evaluation.md).
_NEARNESS_SAY = 0.5
_LOSS_PER_PLACE = 0.05
_LONGEST_CHARS = 700


def best_quotes(
    question: str, passages: Sequence[Passage], limit: int = 3, nearness: Nearness | None = None
) -> list[Quote]:
    """The sentences that best answer the question, best first.

    A sentence that opens a list is quoted with the list, a list item or a table row with what it hangs on
    where that is near, "It also ..." with the sentence before it; a heading is never quoted alone. A
    fragment whose heading says whether it is so is quoted from that heading on where that is near, and not
    at all where the heading denies it and is far.

    Args:
        nearness: of the statements to the question; without it, words alone decide.

    Returns:
        at most ``limit`` quotes that do not overlap; none when no sentence shares enough with the question.
    """
    asked = question_stems(question)
    rare = rarity([item.words for passage in passages for item in statements_of(passage)])
    total = sum(weight(item, rare) for item in asked)
    if not total:
        return []
    ranked = sorted(
        (-_answering(_share(statement, asked, rare) / total, nearness, passage, statement, place), place, at)
        for place, passage in enumerate(passages)
        for at, statement in enumerate(statements_of(passage))
        if statement.states and not statement.speaks_to_model and not statement.reading.text.endswith("?")
    )
    quotes: list[Quote] = []
    best = -ranked[0][0] if ranked else 0.0
    for share, place, at in ranked:
        if len(quotes) == limit or -share < max(_ENOUGH, _OF_BEST * best):
            break
        quote = _quote(passages[place], at)
        if quote and not any(
            quote.n == other.n and quote.start < other.end and other.start < quote.end for other in quotes
        ):
            quotes.append(quote)
    return quotes


def _answering(
    share: float, nearness: Nearness | None, passage: Passage, statement: Statement, place: int
) -> float:
    """How likely a statement answers the question, for comparison only.

    Args:
        share: of the question's words that it holds.
    """
    if nearness is None:
        return share
    near = max(nearness.get((passage.n, statement.start), 0.0), 0.0)
    return (_NEARNESS_SAY * near + (1 - _NEARNESS_SAY) * share) / (1 + _LOSS_PER_PLACE * place)


def relevance(question: str, quote: Quote, passages: Sequence[Passage]) -> float:
    """The weighted share of the question's content words, from 0 to 1, that stand in a quote or its headings.

    A sentence may be true of the passages and still be no answer to what was asked.
    """
    asked = question_stems(question)
    rare = rarity([item.words for passage in passages for item in statements_of(passage)])
    total = sum(weight(item, rare) for item in asked)
    inside = [
        statement
        for passage in passages
        if passage.n == quote.n
        for statement in statements_of(passage)
        if passage.start + statement.start < quote.end and quote.start < passage.start + statement.end
    ]
    words = frozenset(item for statement in inside for item in statement.words)
    above = frozenset(item for statement in inside for item in statement.context) - words
    found = sum(
        weight(item, rare) * (_HEADING_SAY if item in above else 1.0)
        for item in asked
        if item in words | above
    )
    return found / total if total else 0.0


def answering(
    question: str, quote: Quote, passages: Sequence[Passage], nearness: Nearness | None = None
) -> float:
    """How much the best statement of a quote answers the question, as `best_quotes` compares statements."""
    asked = question_stems(question)
    rare = rarity([item.words for passage in passages for item in statements_of(passage)])
    total = sum(weight(item, rare) for item in asked) or 1.0
    return max(
        (
            _answering(_share(statement, asked, rare) / total, nearness, passage, statement, place)
            for place, passage in enumerate(passages)
            if passage.n == quote.n
            for statement in statements_of(passage)
            if passage.start + statement.start < quote.end and quote.start < passage.start + statement.end
        ),
        default=0.0,
    )


def _share(statement: Statement, asked: Sequence[str], rare: Mapping[str, float]) -> float:
    context = set(statement.context)
    own = sum(weight(item, rare) for item in asked if item in statement.words)
    above = sum(weight(item, rare) for item in asked if item in context and item not in statement.words)
    return own + _HEADING_SAY * above


def _quote(passage: Passage, at: int) -> Quote | None:
    """The quotation of a statement, or None where it would lack the heading that denies it."""
    statements = statements_of(passage)
    first = begin_with_heading(statements, at, _first(statements, at), _LONGEST_CHARS)
    if first is None:
        return None
    headed = statements[first].block == "h"
    last, struck = at, struck_spans(passage.text)
    while last + 1 < len(statements) and (
        _continues(statements, last + 1, at) or (headed and _goes_on(statements, last + 1))
    ):
        end = statements[last + 1].end
        if end - statements[first].start > _LONGEST_CHARS or any(a < end < b for a, b in struck):
            break
        last += 1
    # With its hashes a heading is seen to be one.
    start = statements[first].begin if headed else statements[first].start
    end = statements[last].end
    return Quote(passage.n, passage.start + start, passage.start + end, passage.text[start:end])


def _goes_on(statements: Sequence[Statement], index: int) -> bool:
    """Whether a statement is one more item of the list that a heading opens."""
    here, before = statements[index], statements[index - 1]
    return (
        here.block == before.block == "li" and here.headings == before.headings and not here.speaks_to_model
    )


def _first(statements: Sequence[Statement], at: int) -> int:
    """Where the quotation of a statement begins: with what it hangs on or points back to, if that is near."""
    lead = statements[at].lead
    if (
        lead is not None
        and statements[at].end - statements[lead].start <= _LONGEST_CHARS
        and statements[lead].block != "h"
        and not any(statement.speaks_to_model for statement in statements[lead:at])
    ):
        return lead
    if (
        at
        and statements[at].points_back
        and statements[at - 1].block == statements[at].block
        and statements[at - 1].states
        and not statements[at - 1].speaks_to_model
    ):
        return at - 1
    return at


def _continues(statements: Sequence[Statement], index: int, at: int) -> bool:
    """Whether a statement belongs to the one at ``at``: an item of its list, or "It also ..." behind it."""
    if statements[index].speaks_to_model:
        return False
    lead = statements[index].lead
    while lead is not None and lead > at:
        lead = statements[lead].lead
    if lead == at:
        return True
    same_block = statements[index].block == statements[at].block == "p"
    return same_block and index == at + 1 and statements[index].points_back
