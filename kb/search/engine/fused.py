"""One ranking made of several, with what each of them says of a chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kb.rag.places import first_places
from kb.search.engine.reranking import reordered
from kb.search.engine.types import Hit


@dataclass(frozen=True)
class Fused:
    """Candidates and their scores.

    Attributes:
        ranked: chunks, best first.
        named: for each thing that the question names to the letter, the chunks that hold it, best first. They
            need not be ranked.
        logits: of the cross-encoder, for the chunks that it has read.
    """

    ranked: Sequence[int]
    named: Sequence[Sequence[int]]
    rrf_scores: Mapping[int, float]
    cosines: Mapping[int, float]
    bm25s: Mapping[int, float]
    logits: Mapping[int, float] = field(default_factory=dict)

    def reranked(self, logits: Mapping[int, float]) -> Fused:
        return replace(self, ranked=reordered(self.ranked, logits), logits=logits)

    def hits(self, limit: int) -> list[Hit]:
        """The best; what the question names to the letter comes among the first, whoever ranked."""
        return [
            Hit(
                chunk_id,
                self.rrf_scores.get(chunk_id, 0.0),
                self.cosines.get(chunk_id),
                self.bm25s.get(chunk_id),
                self.logits.get(chunk_id),
            )
            for chunk_id in first_places(self.ranked, self.named)[:limit]
        ]
