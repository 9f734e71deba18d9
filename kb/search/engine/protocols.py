"""The seams of the search station."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True)
class VectorRows:
    """Vectors and whose they are.

    Attributes:
        ids: int64 [n, 3]: chunk, document, collection.
        vectors: float16 [n, dimension], L2-normalised.
    """

    ids: npt.NDArray[np.int64]
    vectors: npt.NDArray[np.float16]


class QueryEncoder(Protocol):
    """What the engine needs of `kb.search.engine.encoder.Encoder`."""

    def embed_queries(self, texts: Sequence[str]) -> Vector:
        """float32 [len(texts), dimension]; rows are L2-normalised."""

    def split_share(self, text: str) -> float:
        """The share of its words that the model's vocabulary knows only in pieces, 0 to 1."""


class Reranker(Protocol):
    """A model that reads a question and a passage together. Any number of threads may ask it.

    Attributes:
        model_id: name and weight hash.
        device: ``cpu`` or ``cuda``.
    """

    model_id: str
    device: str

    @property
    def backlog_s(self) -> float:
        """About how long one more question would wait for those before it."""

    def logits(self, query: str, passages: Sequence[str]) -> list[float]:
        """How well each passage answers, higher is better; comparable for one question only."""


class VectorIndex(Protocol):
    """Search over vectors by inner product.

    Searches are exact, or have been found to agree with exact ones on the vectors that the index holds.

    Searching from many threads is safe; changing while others search is not, and is the caller's to prevent.
    A cosine is the inner product with the vector as stored, in float16.

    The vectors may be kept by another program, which several search servers share. Then each of these calls
    may raise VectorStoreError, after which what is found is what was found before.

    Attributes:
        device: where it is searched: ``cpu``, ``cuda`` or ``milvus``.
        vector_search: how it is searched, for people to read: ``exact``, ``two-stage``, or why it is exact.
        trouble: why a search would fail now; empty while nothing is known to be wrong. Never waits.
    """

    device: str
    dimension: int

    @property
    def vector_search(self) -> str: ...

    @property
    def trouble(self) -> str: ...

    def __len__(self) -> int: ...

    def chunks(self) -> npt.NDArray[np.int64]:
        """What it holds, by its own account: int64 [n, 2], each chunk and its document."""

    def missing_chunks(self) -> set[int]:
        """Chunks of `chunks` that the other program has lost. Asks it for everything it has."""

    def lost_documents(self) -> set[int]:
        """Documents to replace, because the other program did not find chunks of theirs.

        To be called every second or so; it also finds out whether that program answers.
        """

    def prepare(self, rows: VectorRows) -> None:
        """Do what may take long or fail of adding these very rows. They are not found before `add`."""

    def add(self, rows: VectorRows) -> None: ...

    def remove_documents(self, document_ids: Collection[int]) -> None:
        """Forget what these documents have; unknown ids are no error."""

    @property
    def needs_compaction(self) -> bool:
        """Whether so much was removed or added that `compacted` is worth its time."""

    def compacted(self) -> Self:
        """A copy without what was removed, laid out for fast searches.

        This index stays as it is, and may be searched meanwhile.
        """

    def search(
        self, vector: Vector, limit: int, collections: frozenset[int] | None
    ) -> list[tuple[int, float]]:
        """The nearest chunks and their cosines, best first.

        Args:
            vector: float32 [dimension], L2-normalised.
            collections: only chunks of these; None for all.
        """

    def vectors(self, chunk_ids: Sequence[int]) -> tuple[list[int], Vector]:
        """Those of these chunks that the index holds, in the order given, and their vectors.

        Returns:
            chunk ids, and float32 [n, dimension] with the values that they have in float16.
        """

    def save(self, folder: Path) -> None:
        """Write into an empty folder.

        Every index of this protocol reads vectors that any other wrote. One whose vectors are kept by another
        program writes only which chunks they are; others refuse that as damaged.

        Raises:
            OSError: the disk is full or fails.
        """

    def load(self, folder: Path) -> None:
        """Hold what was saved there, and nothing else.

        What another program has lost since is no error: see `lost_documents`.

        Raises:
            DamagedIndexError: the index is empty afterwards.
        """
