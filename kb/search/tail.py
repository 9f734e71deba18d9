"""Following the log of searchable changes.

An event only says that a document changed. What its chunks are is read from the database at that moment, so
an event applied twice, late, or after newer ones leads to the same index.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import Protocol

import django.db
from django.db import connection

from kb.search.engine.errors import IndexWriteError, InvalidVectorError, VectorStoreDownError
from kb.search.engine.types import Row, SearchResult
from kb.search.errors import LogRewoundError
from kb.search.live import LiveDocument, live_document_ids, live_documents
from kb.search.models import IndexEvent

logger = logging.getLogger(__name__)

POLL_S = 0.5
_BATCH = 500
# After a batch, let the next events gather: a commit costs the same for one document as for many.
_PAUSE_S = 0.4


class Engine(Protocol):
    """What the index is to those who fill and keep it. Changes are visible to `search` after `commit`."""

    @property
    def count(self) -> int: ...

    @property
    def vector_search(self) -> str: ...

    @property
    def reranker(self) -> str: ...

    @property
    def trouble(self) -> str: ...

    def chunk_ids(self) -> set[int]: ...

    def chunks(self) -> dict[int, int]: ...

    def lost_documents(self) -> set[int]: ...

    def embed_queries(self, texts: Sequence[str]) -> list[list[float]]: ...

    def cosines(self, query: str, texts: Sequence[str]) -> list[float]: ...

    def search(
        self, query: str, collections: frozenset[int] | None, limit: int, candidates: int
    ) -> SearchResult: ...

    def replace_document(self, document_id: int, collection_id: int, rows: Sequence[Row]) -> None: ...

    def remove_document(self, document_id: int) -> None: ...

    def commit(self) -> None: ...

    def save(self, folder: Path) -> None: ...

    def load(self, folder: Path) -> None: ...


class Hints(Protocol):
    """What may wake the tailer before its next poll; see `kb.search.wakeups`."""

    def wait(self, stop: Event, timeout_s: float) -> None: ...


def close_connection() -> None:
    """This thread's next query opens a fresh one, which also sees a database file that was replaced."""
    if not connection.in_atomic_block:
        connection.close()


@dataclass(frozen=True)
class Position:
    """A place in the log: the last event applied, and when that was written (ISO 8601, empty at the start).

    The time tells the event from another one with the same number, in a database restored from a backup.
    """

    seq: int = 0
    written_at: str = ""


def log_end(generation_id: int) -> Position:
    last = IndexEvent.objects.filter(generation_id=generation_id).order_by("-seq").first()
    return Position(last.seq, last.created_at.isoformat()) if last else Position()


def is_in_log(generation_id: int, position: Position) -> bool:
    if position == Position():
        return True
    event = IndexEvent.objects.filter(generation_id=generation_id, seq=position.seq).first()
    return event is not None and event.created_at.isoformat() == position.written_at


def rebuild(engine: Engine, generation_id: int) -> Position:
    """Fill an empty engine from the database; nothing is embedded again.

    Returns:
        The end of the log from before the first row was read: what changes meanwhile is applied again.
    """
    position = log_end(generation_id)
    ids = live_document_ids(generation_id)
    for start in range(0, len(ids), _BATCH):
        for document in live_documents(generation_id, ids[start : start + _BATCH]):
            _replace(engine, document)
        engine.commit()
    return position


def _replace(engine: Engine, document: LiveDocument) -> None:
    """One document with a damaged vector must not keep every other one out; it is left out itself."""
    try:
        engine.replace_document(document.document_id, document.collection_id, document.rows)
    except InvalidVectorError:
        logger.exception("Document %d is not searchable: ingest it again", document.document_id)
        engine.remove_document(document.document_id)


class Tailer:
    """Keeps an engine in step with the log of one generation.

    Attributes:
        position: up to where the committed engine reflects the log. Read it together with the engine only
            under `lock`.
    """

    def __init__(self, engine: Engine, generation_id: int, position: Position) -> None:
        self.engine = engine
        self.generation_id = generation_id
        self.position = position
        self.lock = Lock()

    def catch_up(self, stop: Event | None = None) -> int:
        """Apply all events there are, or until `stop` is set between two batches; returns how many.

        Documents whose vectors were lost are applied before.

        Raises:
            LogRewoundError: see there.
            VectorStoreError: nothing of the batch counts as applied.
        """
        self._mend(stop)
        applied = 0
        while stop is None or not stop.is_set():
            events = self._next_events()
            if not events:
                break
            seq, written_at, _ = events[-1]
            with self.lock:
                self._apply({document_id for _, _, document_id in events})
                self.position = Position(seq, written_at)
            applied += len(events)
        return applied

    def follow(self, stop: Event, hints: Hints, after_round: Callable[[int], None]) -> None:
        """Apply events as they come until `stop` is set.

        A missing database, a full disk and a vector store that does not answer are waited for.

        Args:
            after_round: called after each look at the log with the number of events applied.

        Raises:
            LogRewoundError: see there.
            VectorsGoneError: the vector store answers, and has none.
        """
        away = False
        while not stop.is_set():
            close_connection()
            try:
                applied = self.catch_up(stop)
            except (django.db.Error, IndexWriteError, VectorStoreDownError) as error:
                # Nothing of the batch counts as applied; it is applied again.
                if not away:
                    logger.warning("Changes cannot be followed at the moment: %s", error)
                away = True
                stop.wait(POLL_S)
                continue
            away = False
            after_round(applied)
            if applied:
                stop.wait(_PAUSE_S)
            hints.wait(stop, POLL_S)

    def lag(self) -> int:
        """Committed events that are not applied yet."""
        later = IndexEvent.objects.filter(generation_id=self.generation_id, seq__gt=self.position.seq)
        return later.count()

    def _next_events(self) -> list[tuple[int, str, int]]:
        """Seq, time and document of the events after the position, oldest first."""
        found = (
            IndexEvent.objects.filter(generation_id=self.generation_id, seq__gte=self.position.seq)
            .order_by("seq")
            .values_list("seq", "created_at", "document_id")[: _BATCH + 1]
        )
        events: list[tuple[int, str, int]] = [(seq, at.isoformat(), document) for seq, at, document in found]
        if self.position != Position():
            if not events or Position(*events[0][:2]) != self.position:
                raise LogRewoundError
            del events[0]
        return events

    def _mend(self, stop: Event | None) -> None:
        lost = sorted(self.engine.lost_documents())
        if lost:
            logger.warning("Vectors of %d documents were lost and are written again", len(lost))
        for start in range(0, len(lost), _BATCH):
            if stop is not None and stop.is_set():
                return
            with self.lock:
                self._apply(lost[start : start + _BATCH])

    def _apply(self, document_ids: Collection[int]) -> None:
        gone = set(document_ids)
        for document in live_documents(self.generation_id, sorted(gone)):
            _replace(self.engine, document)
            gone.discard(document.document_id)
        for document_id in sorted(gone):
            self.engine.remove_document(document_id)
        self.engine.commit()
