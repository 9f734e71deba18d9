"""Which words of the passages may still prove a sentence that the rules left open.

Open is what is refused for too little overlap alone, or for one word in the place of another, which may mean
the same. Whatever differs exactly, here or in the words nearest to the sentence, closes it: no model is asked
about another number, name or negation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb.rag.claims import claim_of
from kb.rag.quotes import quotes_of
from kb.rag.statements import statements_of
from kb.rag.support import coverage_in, difference, rarity_of
from kb.rag.types import Passage, Quote, Verdict
from kb.rag.window import Window

OPEN = frozenset({"low_overlap", "wording_differs"})
# The cost grows with every pair, and who speaks of the thing at all shares some words with it.
MOST_PREMISES = 4
_LONGEST_WINDOW = 2
_LEAST_COVERAGE = 0.2
# Words this near to a sentence speak of the same thing: what they say differently is not healed elsewhere.
_NEAR = 0.5
_MOST_CHARS = 2000


@dataclass(frozen=True)
class Premise:
    """Consecutive statements of a passage that contradict the sentence in nothing that rules can see.

    Attributes:
        text: the statements with what they hang on: the words above a list, the header of a table.
        coverage: the weighted share of the sentence's content in them and their headings.
        quotes: what the reader sees when they prove it.
    """

    text: str
    coverage: float
    quotes: tuple[Quote, ...]


def premises_of(
    sentence: str, verdict: Verdict, cited: Sequence[int], passages: Sequence[Passage], *, question: str = ""
) -> tuple[Premise, ...]:
    """The best few, best first; none when the sentence is not open.

    Args:
        verdict: of `kb.rag.support.check_sentence` on the same.
        cited: numbers of passages that go first among equals.
    """
    claim = claim_of(sentence, question)
    if verdict.supported or verdict.reason not in OPEN or isinstance(claim, str):
        return ()
    rare = rarity_of(tuple(passages))
    found: list[tuple[float, bool, Premise]] = []
    for passage in passages:
        for window in _windows(passage):
            within, covered = coverage_in(claim, window, rare)
            if covered < _LEAST_COVERAGE or not within:
                continue
            if difference(claim, window, rare) not in ("", *OPEN):
                if covered >= _NEAR and len(window.statements) == 1:
                    return ()
                continue
            premise = Premise(_text(window), covered, quotes_of(passage, window))
            found.append((covered, passage.n in cited, premise))
    found.sort(key=lambda item: (-item[0], not item[1], len(item[2].text)))
    return tuple(premise for _, _, premise in found[:MOST_PREMISES])


def _windows(passage: Passage) -> Iterator[Window]:
    statements = statements_of(passage)
    for length in range(1, _LONGEST_WINDOW + 1):
        for first in range(len(statements) - length + 1):
            chosen = statements[first : first + length]
            if all(one.states and not one.speaks_to_model for one in chosen):
                yield Window(passage.text, chosen, statements)


def _text(window: Window) -> str:
    return " ".join(" ".join(one.reading.text.split()) for one in window.statements)[:_MOST_CHARS]
