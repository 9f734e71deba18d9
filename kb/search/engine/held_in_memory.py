"""What an index answers about its store when it is its own."""

from __future__ import annotations

from kb.search.engine.protocols import VectorRows


class HeldInMemory:
    """The part of `VectorIndex` that is only a question where vectors are kept by another program."""

    trouble = ""

    def prepare(self, rows: VectorRows) -> None:
        pass

    def missing_chunks(self) -> set[int]:
        return set()

    def lost_documents(self) -> set[int]:
        return set()
