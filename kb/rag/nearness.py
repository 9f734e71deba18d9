"""How near each statement of the passages is to the question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kb.rag.links import without_targets
from kb.rag.statements import statements_of
from kb.rag.types import Passage

# Cosines of short texts with the question, in the texts' order.
Cosines = Callable[[str, Sequence[str]], Sequence[float]]
# By the number of the passage and the start of the statement in its text.
Nearness = Mapping[tuple[int, int], float]

_MOST_STATEMENTS = 96
_LONGEST_CHARS = 400


def nearness_of(question: str, passages: Sequence[Passage], cosines: Cosines) -> dict[tuple[int, int], float]:
    """Compare the statements of the passages with the question, the first hundred or so of them."""
    found = [
        ((passage.n, statement.start), text)
        for passage in passages
        for statement in statements_of(passage)
        if (text := without_targets(passage.text[statement.start : statement.end])[:_LONGEST_CHARS]).strip()
    ][:_MOST_STATEMENTS]
    if not found:
        return {}
    places, texts = zip(*found, strict=True)
    return dict(zip(places, cosines(question, texts), strict=True))


def nearest_first(passages: Sequence[Passage], nearness: Nearness) -> list[Passage]:
    """Passages by their nearest statement."""
    nearest: dict[int, float] = {}
    for (n, _), cosine in nearness.items():
        nearest[n] = max(cosine, nearest.get(n, -1.0))
    return sorted(passages, key=lambda passage: -nearest.get(passage.n, -1.0))
