"""Whether the index holds exactly the chunks that the database says are live, and how to make it so."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from django.db import transaction

from kb.exceptions import SearchUnavailableError
from kb.search.errors import IndexBehindError, IndexLoadingError
from kb.search.live import live_chunk_ids
from kb.search.log import append
from kb.search.models import Embedding, IndexGeneration, Operation
from kb.search.tail import log_end

_WAIT_S = 30.0
_PAUSE_S = 0.2


@dataclass(frozen=True)
class IndexChunks:
    """The chunks in an index that reflects the log of a generation up to `seq`.

    Attributes:
        documents: the document of each chunk, as the index knows it.
    """

    generation: int
    seq: int
    documents: Mapping[int, int]


@dataclass(frozen=True)
class Differences:
    """Chunk ids.

    Attributes:
        missing: live in the database, not in the index.
        extra: in the index, not live in the database.
        documents: of the extra ones, as the index knows them.
    """

    missing: frozenset[int] = frozenset()
    extra: frozenset[int] = frozenset()
    documents: frozenset[int] = field(default=frozenset(), compare=False)

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra)

    def both(self, other: Differences) -> Differences:
        return Differences(self.missing & other.missing, self.extra & other.extra, other.documents)


class Source(Protocol):
    """An index that can be compared."""

    def read(self) -> IndexChunks:
        """Its present state. Raises SearchUnavailableError."""

    def rebuild(self) -> None:
        """Have it built from the database; until then `read` may give the old state or raise."""


class IndexChecker:
    """Compares a generation of the database with an index that may be changing.

    Args:
        pause: called while waiting for the index; `time.sleep` but in tests.
    """

    def __init__(
        self,
        generation: IndexGeneration,
        source: Source,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._generation = generation
        self._source = source
        self._pause = pause

    def differences(self) -> Differences:
        """What is wrong and not merely on its way.

        A chunk that differs because of an event not applied yet is right again once the index has passed the
        end that the log had then; ids are never used twice. So only what differs both then and now counts.

        Raises:
            IndexBehindError: the index does not get to that end, or is of another generation.
        """
        first = self._compare(self._read_at(0))
        if not first:
            return first
        return first.both(self._compare(self._read_at(log_end(self._generation.pk).seq)))

    def repair(self, found: Differences) -> Differences:
        """Write events for the documents of these chunks, and wait for the index to apply them.

        Meanwhile the index answers. An index in which chunks stay that no event reaches is rebuilt.

        Returns:
            What is wrong still.
        """
        self._write_events(found)
        left = self._wait()
        if left.extra:
            self._source.rebuild()
            left = self._wait()
        return left

    def _wait(self) -> Differences:
        waited_s = 0.0
        while (left := self.differences()) and waited_s < _WAIT_S:
            self._pause(_PAUSE_S)
            waited_s += _PAUSE_S
        return left

    def _write_events(self, found: Differences) -> None:
        """What an event says is read from the database: of an extra chunk's document, what is left of it."""
        missing = Embedding.objects.filter(generation=self._generation, chunk_id__in=found.missing)
        publish = set(missing.values_list("chunk__document_id", flat=True))
        with transaction.atomic():
            append(self._generation, Operation.PUBLISH, sorted(publish))
            append(self._generation, Operation.REMOVE, sorted(found.documents - publish))

    def _compare(self, index: IndexChunks) -> Differences:
        """The index was read before the database is."""
        if index.generation != self._generation.pk:
            raise IndexBehindError(f"The index is of generation {index.generation}.")
        live = live_chunk_ids(self._generation.pk)
        extra = frozenset(index.documents.keys() - live)
        documents = frozenset(index.documents[chunk] for chunk in extra)
        return Differences(frozenset(live - index.documents.keys()), extra, documents)

    def _read_at(self, seq: int) -> IndexChunks:
        waited_s = 0.0
        while True:
            try:
                index = self._source.read()
            except IndexLoadingError:
                waited_s = 0.0  # it says that it works; a large index takes its time
            except SearchUnavailableError as error:
                if waited_s >= _WAIT_S:
                    raise IndexBehindError from error
            else:
                if index.seq >= seq:
                    return index
                if waited_s >= _WAIT_S:
                    raise IndexBehindError
            self._pause(_PAUSE_S)
            waited_s += _PAUSE_S
