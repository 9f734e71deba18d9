"""Whether the shown passages prove a sentence, and with which words.

Two layers. Exact: every number, date, time, name, identifier, quotation and negation of the sentence has its
equal in the proving words (`exact`), in the same relation (`relations`) and place (`alignment`), under the
same condition (`conditions`), and stated as a fact of today (`standing`). Alignment: one to three
consecutive sentences of one passage hold nearly all of the sentence's content words, rare words counting
more; they are the quote that the reader sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from kb.rag.claims import Claim, claim_of
from kb.rag.conditions import condition_dropped
from kb.rag.exact import contains, first_difference
from kb.rag.frames import under_false_heading
from kb.rag.joining import joined_apart
from kb.rag.narrowing import narrowing_dropped
from kb.rag.pieces import pieces_of
from kb.rag.polarity import is_negation
from kb.rag.quotes import quotes_of
from kb.rag.rates import rate_differs
from kb.rag.relations import belongs_to_other, subject_differs
from kb.rag.standing import standing_differs
from kb.rag.statements import Statement, statements_of
from kb.rag.struck import without_struck
from kb.rag.types import Passage, Quote, Verdict
from kb.rag.window import Window
from kb.rag.word_order import order_differs
from kb.rag.wording import wording_differs
from kb.rag.words import plain, rarity, weight

# The share of a sentence's content, by weight, that the proving words must hold. Two thirds would let one
# foreign noun into a sentence of three; 0.7 does not, and leaves a paraphrase one foreign word in four or
# five. A longer window holds more words by chance, so it must hold more of the sentence.
NEEDED_COVERAGE = (0.7, 0.75, 0.8)
# A table row has no verb that a sentence about it could share.
_NEEDED_IN_ROW = 0.6
# At least this much must stand in the window itself and not only in the headings above it.
_NEEDED_IN_WINDOW = 0.5
# A word that the passages use elsewhere but not here is more likely a wrong word than a synonym.
_ELSEWHERE_SAY = 1.5
_FACT_SAY = 1.0
# Languages whose small words the checks know. Of any other, a "not" would be missed: only what repeats a
# statement word for word, and this share of it at least, is proved by it.
_READ = frozenset({"", "en", "de"})
_WHOLE = 0.8
_TRIED_WINDOWS = 12
_Tried = tuple[bool, float, Window]
_SAME_SENTENCE = 0.95  # one and the same apart from what differs exactly
# Where a statement contradicts the sentence, no piece of it is looked for elsewhere.
_IN_PIECES = frozenset({"low_overlap", "number_not_in_source", "name_not_in_source", "date_not_in_source"})
_MISSING = frozenset({"number_not_in_source", "date_not_in_source", "time_not_in_source"})
# Worth telling though no sentence is near.
_MISSING_ITEMS = _MISSING | {"name_not_in_source", "identifier_not_in_source", "quotation_not_in_source"}
# What says the thing differently is not healed by the sentences around it.
_CONTRADICTIONS = frozenset(
    {
        "unit_differs",
        "limit_differs",
        "wording_differs",
        "cause_not_in_source",
        "negation_differs",
        "opposite_in_source",
        "belongs_to_other",
        "subject_differs",
        "order_differs",
        "degree_differs",
        "name_differs",
        "condition_dropped",
        "not_a_fact_in_source",
        "past_in_source",
        "exception_in_source",
    }
)


@dataclass(frozen=True)
class _Outcome:
    """The proof of one passage, or how near it came and what was missing."""

    coverage: float
    quotes: tuple[Quote, ...] = ()
    reason: str = ""


def check_sentence(
    sentence: str, cited: Sequence[int], passages: Sequence[Passage], *, question: str = ""
) -> Verdict:
    """Check one sentence of an answer against the passages that were shown.

    The cited passages are tried first. When none of them proves the sentence but another shown one does, the
    quote names that one: the marker was wrong, the sentence is not.

    Args:
        sentence: Markdown; markers in it are ignored.
        cited: numbers of passages, as the sentence's markers name them; unknown ones are ignored.
        question: lets a fragment ("14 days.") be checked together with what it answers.

    Returns:
        supported with the proving quotes, best first; or the reason: no_claim, no_answer, low_overlap,
        quotation_not_in_source, identifier_not_in_source, number_not_in_source, unit_differs,
        date_not_in_source, time_not_in_source, name_not_in_source, negation_differs, opposite_in_source,
        belongs_to_other, subject_differs, order_differs, degree_differs, name_differs, condition_dropped,
        limit_differs, wording_differs, cause_not_in_source, not_a_fact_in_source, past_in_source,
        exception_in_source.
    """
    claim = claim_of(sentence, question)
    if isinstance(claim, str):
        return Verdict(False, reason=claim)
    found = [claim_of(piece, question) for piece in pieces_of(claim.reading.text)]
    pieces = [piece for piece in found if isinstance(piece, Claim)]
    pieces = pieces if len(pieces) == len(found) else []
    rare = rarity_of(tuple(passages))
    chosen = [passage for number in dict.fromkeys(cited) for passage in passages if passage.n == number]
    outcomes = [_try_whole(claim, pieces, passage, rare) for passage in chosen]
    if not any(outcome.quotes for outcome in outcomes):
        others = [_try_whole(claim, pieces, passage, rare) for passage in passages if passage not in chosen]
        best = max(others, key=lambda outcome: (bool(outcome.quotes), outcome.coverage), default=None)
        outcomes += [best] if best and (best.quotes or not chosen) else []
    quotes = tuple(quote for outcome in outcomes for quote in outcome.quotes)
    if quotes:
        return Verdict(True, quotes, coverage=max(outcome.coverage for outcome in outcomes))
    nearest = max(outcomes, key=lambda outcome: outcome.coverage, default=_Outcome(0.0, reason="low_overlap"))
    return Verdict(False, reason=nearest.reason, coverage=nearest.coverage)


def _try_whole(
    claim: Claim, pieces: Sequence[Claim], passage: Passage, rare: Mapping[str, float]
) -> _Outcome:
    """The proof of a sentence by one passage: as it is, or else of every piece by itself."""
    outcome = _try_passage(claim, passage, rare)
    if outcome.quotes or not pieces or outcome.reason not in _IN_PIECES:
        return outcome
    parts = [_try_passage(piece, passage, rare) for piece in pieces]
    if not all(part.quotes for part in parts):
        return outcome
    quotes = tuple(dict.fromkeys(quote for part in parts for quote in part.quotes))
    return _Outcome(min(part.coverage for part in parts), quotes)


def _try_passage(claim: Claim, passage: Passage, rare: Mapping[str, float]) -> _Outcome:
    if repeated := _repeated(claim, passage):
        return _Outcome(1.0, quotes_of(passage, repeated))
    nearest = _Outcome(0.0, reason="low_overlap")
    contradicting: set[Statement] = set()
    contradicted = 0.0
    for enough, covered, window in _windows(claim, passage, rare):
        if contradicting.intersection(window.statements):
            continue
        reason = difference(claim, window, rare)
        if enough and not reason and (covered, 2 - len(window.statements)) >= (contradicted, 1):
            return _Outcome(covered, quotes_of(passage, window))
        if enough and len(window.statements) == 1 and _contradicts(reason, covered, window):
            contradicting.update(window.statements)
            contradicted = max(covered, contradicted)
        if covered > nearest.coverage:
            told = reason if enough or reason in _MISSING_ITEMS else ""
            nearest = _Outcome(covered, reason=told or "low_overlap")
    return nearest


def _repeated(claim: Claim, passage: Passage) -> Window | None:
    """The statement that the claim is, word for word.

    Not where it hangs on words that deny: "You may not: install software" does not say "install software".
    """
    statements = statements_of(passage)
    for statement in statements:
        if not statement.states or statement.speaks_to_model:
            continue
        same = _folded(passage.text[statement.start : statement.end]) == _folded(claim.reading.text)
        if not same or under_false_heading(claim.reading.text, statement.headings):
            continue
        lead = statements[statement.lead].reading.marks if statement.lead is not None else frozenset()
        if statement.block in ("p", "li") and not any(map(is_negation, lead)):
            return Window(passage.text, (statement,), statements)
    return None


def _folded(text: str) -> str:
    return plain(without_struck(text)).casefold().rstrip(" .!")


def _contradicts(reason: str, covered: float, window: Window) -> bool:
    """Whether a single sentence of the source says the thing differently, so that its neighbours cannot heal
    it.

    A number that is missing may stand in the next sentence, but only where that one points back ("It is 14
    days.") or the sentence at hand lacks other words too.
    """
    if reason in _CONTRADICTIONS:
        return True
    following = window.everything.index(window.statements[0]) + 1
    continued = following < len(window.everything) and window.everything[following].points_back
    return reason in _MISSING and covered >= _SAME_SENTENCE and not continued


def _windows(claim: Claim, passage: Passage, rare: Mapping[str, float]) -> Iterator[_Tried]:
    """Windows to try, short ones first, as (whether it holds enough, coverage, window).

    When none holds enough, the nearest one comes, for its reason.
    """
    statements = statements_of(passage)
    enough: list[_Tried] = []
    nearest: _Tried | None = None
    for length, needed in enumerate(NEEDED_COVERAGE, 1):
        found = []
        for i in range(len(statements) - length + 1):
            # A heading names a subject; it states nothing. Nor does an instruction: it would prove what it
            # tells the model to say.
            if any(
                not statement.states or statement.speaks_to_model for statement in statements[i : i + length]
            ):
                continue
            window = Window(passage.text, statements[i : i + length], statements)
            if not _belong_together(window.statements):
                continue
            if passage.language not in _READ and not _repeats(claim, window):
                continue
            if any(statement.block == "code" for statement in window.statements) and not (
                claim.code or contains(window.all_tokens, claim.reading.all_tokens)
            ):
                continue  # what a program sets is not what a handbook says
            within, covered = coverage_in(claim, window, rare)
            bar = _NEEDED_IN_ROW if length == 1 and statements[i].block == "row" else needed
            if covered >= bar and within >= _NEEDED_IN_WINDOW and claim.answer <= window.stems:
                found.append((True, covered, window))
            elif nearest is None or covered > nearest[1]:
                nearest = (False, covered, window)
        enough += sorted(found, key=lambda item: -item[1])[:_TRIED_WINDOWS]
    yield from enough
    if nearest and not enough:
        yield nearest


def _belong_together(statements: Sequence[Statement]) -> bool:
    """Whether each goes on from the one before it: "It is 14 days", or an item of the same list or table."""
    return all(
        later.points_back or later.block == earlier.block in ("li", "row")
        for earlier, later in pairwise(statements)
    )


def _repeats(claim: Claim, window: Window) -> bool:
    """Whether the claim is the statement, word for word."""
    mine = claim.reading.all_tokens
    return len(mine) >= _WHOLE * len(window.all_tokens) and contains(window.all_tokens, mine)


def coverage_in(claim: Claim, window: Window, rare: Mapping[str, float]) -> tuple[float, float]:
    """The weighted share of the wanted stems in the window, and in the window with its headings.

    Numbers, dates and identifiers weigh as found: the exact checks refuse the window where they are not.
    """
    within = total = _FACT_SAY * claim.facts
    around = 0.0
    context = set(window.context)
    for item in claim.wanted:
        worth = weight(item, rare)
        if item in window.stems:
            within += worth
        elif item in context:
            around += worth
        elif item in rare:
            worth *= _ELSEWHERE_SAY
        total += worth
    # Summed in the order of a set, which may not tell one window from another.
    return (round(within / total, 9), round((within + around) / total, 9)) if total else (0.0, 0.0)


def difference(claim: Claim, window: Window, rare: Mapping[str, float]) -> str:
    """The stable reason why the window says something else, whatever it holds of the claim; else empty."""
    if reason := first_difference(claim.reading, window):
        return reason
    if rate_differs(claim.body, claim.asked, window):
        return "unit_differs"
    if belongs_to_other(claim.body, claim.wanted, window, rare) or joined_apart(claim.body, window):
        return "belongs_to_other"
    if subject_differs(claim.body, window, rare):
        return "subject_differs"
    if order_differs(claim.body, window):
        return "order_differs"
    if reason := wording_differs(claim.body, window):
        return reason
    if condition_dropped(claim.body, claim.asked, window):
        return "condition_dropped"
    if reason := narrowing_dropped(claim.body, claim.asked, window):
        return reason
    return standing_differs(claim.reading, window)


@lru_cache(maxsize=8)
def rarity_of(passages: tuple[Passage, ...]) -> dict[str, float]:
    """How rare each content stem is among the statements of these passages."""
    return rarity([statement.stems for passage in passages for statement in statements_of(passage)])
