"""The two indexes there are to check: a running server's, and what the newest snapshot would become."""

from __future__ import annotations

import functools
from collections.abc import Callable

from kb.search.check import IndexChunks
from kb.search.client import SearchClient
from kb.search.models import IndexGeneration
from kb.search.snapshot import Snapshots
from kb.search.tail import Engine, Tailer, is_in_log, rebuild


class RunningServer:
    """The index that answers now."""

    def __init__(self, client: SearchClient) -> None:
        self._client = client

    def read(self) -> IndexChunks:
        with self._client.chunks() as (generation, seq, pairs):
            return IndexChunks(generation, seq, dict(pairs))

    def rebuild(self) -> None:
        self._client.rebuild()


class StoredSnapshot:
    """The newest snapshot, and the log applied to it: what a search server would start with.

    Args:
        make_engine: an empty engine; it is not searched, so it needs no encoder.
    """

    def __init__(
        self, generation: IndexGeneration, snapshots: Snapshots, make_engine: Callable[[], Engine]
    ) -> None:
        self._generation = generation
        self._snapshots = snapshots
        self._make_engine = make_engine
        loaded = snapshots.load_newest(make_engine, functools.partial(is_in_log, generation.pk))
        self._tailer = Tailer(loaded[0], generation.pk, loaded[1]) if loaded else None

    @property
    def exists(self) -> bool:
        return self._tailer is not None

    def read(self) -> IndexChunks:
        if self._tailer is None:
            raise LookupError("There is no snapshot to read.")
        self._tailer.catch_up()
        documents = self._tailer.engine.chunks()
        return IndexChunks(self._generation.pk, self._tailer.position.seq, documents)

    def rebuild(self) -> None:
        """Without a snapshot the next start builds the index; this does the same to see what comes of it."""
        self._snapshots.put_all_aside("The check found chunks in it that no document has.")
        engine = self._make_engine()
        self._tailer = Tailer(engine, self._generation.pk, rebuild(engine, self._generation.pk))
