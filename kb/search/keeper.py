"""The life of the index in a search server: loaded, kept in step with the log, saved."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Generic, Protocol, TypeVar

import django.db

from kb.exceptions import KBError
from kb.search.errors import LogRewoundError, RebuildOrderedError
from kb.search.generations import serving_generation
from kb.search.live_folder import new_live_folder, remove_live_folder
from kb.search.models import IndexGeneration
from kb.search.snapshot import Snapshots
from kb.search.snapshot_timing import SnapshotTiming
from kb.search.tail import Engine, Hints, Tailer, close_connection, is_in_log, rebuild

logger = logging.getLogger(__name__)

_FIRST_RETRY_S = 1.0
_LAST_RETRY_S = 60.0


class LoadedEncoder(Protocol):
    """What is said about the encoder in `/health`, and checked against the stored vectors."""

    model_id: str
    dimension: int
    device: str
    backend: str


class ClosableHints(Hints, Protocol):
    def close(self) -> None: ...


E = TypeVar("E", bound=LoadedEncoder)


@dataclass(frozen=True)
class State:
    """One consistent view for the threads that answer: replaced whole, never changed.

    Attributes:
        status: ``loading``, ``ok`` or ``failed``; only ``ok`` has a tailer, and answers.
        reason: why it failed, for the admin.
    """

    status: str
    reason: str = ""
    tailer: Tailer | None = None


class IndexKeeper(Generic[E]):
    """Runs the index's life in a thread of its own.

    It has one way to recover from anything, the way it starts: newest good snapshot or rebuild, then the
    log. A failure keeps the process up, says why in `state`, and is tried again.

    Args:
        folder: the search server's part of the data folder.
        load_encoder: takes seconds; called once.
        make_engine: an empty engine that works in the given empty folder.
    """

    def __init__(
        self,
        folder: Path,
        load_encoder: Callable[[], E],
        make_engine: Callable[[E, Path], Engine],
        hints: ClosableHints,
    ) -> None:
        self._folder = folder
        self._load_encoder = load_encoder
        self._make_engine = make_engine
        self._hints = hints
        self._timing = SnapshotTiming(time.monotonic)
        self._stop = Event()
        self._rebuild = Event()
        self._retry_s = _FIRST_RETRY_S
        self._thread = Thread(target=self._run, name="index-keeper", daemon=True)
        self.encoder: E | None = None
        self.state = State("loading")

    def start(self) -> None:
        self._thread.start()

    def is_running(self) -> bool:
        return self._thread.is_alive()

    def rebuild(self) -> None:
        """Trust no snapshot and build the index from the database, soon."""
        self._rebuild.set()

    def stop(self, timeout_s: float) -> bool:
        """Stop following and save what changed; False when that takes longer than the time-out."""
        self._stop.set()
        self._thread.join(timeout_s)
        return not self.is_running()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._live()
            except (LogRewoundError, RebuildOrderedError) as error:
                logger.warning("The index is loaded anew: %s", error.message)
                self.state = State("loading")
            except Exception as error:
                self._failed(error)
            finally:
                close_connection()
        self._hints.close()
        remove_live_folder(self._folder)

    def _live(self) -> None:
        if self.encoder is None:
            self.encoder = self._load_encoder()
        close_connection()
        generation = serving_generation(self.encoder.model_id, self.encoder.dimension)
        snapshots = Snapshots(self._folder, generation.pk, generation.model_id, generation.dimension)
        tailer = self._open(generation, snapshots)
        self._timing.changed(tailer.catch_up(self._stop))
        self.state = State("ok", tailer=tailer)
        self._retry_s = _FIRST_RETRY_S
        logger.info("Searching %d chunks, event %d", tailer.engine.count, tailer.position.seq)
        tailer.follow(self._stop, self._hints, functools.partial(self._after_round, snapshots, tailer))
        if self._timing.changes:
            self._save(snapshots, tailer)

    def _open(self, generation: IndexGeneration, snapshots: Snapshots) -> Tailer:
        """An engine at some position of the log: from the newest good snapshot, else from the database."""
        snapshots.clear_drafts()
        if self._rebuild.is_set():
            snapshots.put_all_aside("It was ordered to build the index again.")
            self._rebuild.clear()
        known = functools.partial(is_in_log, generation.pk)
        loaded = snapshots.load_newest(self._new_engine, known)
        if loaded is not None:
            return Tailer(loaded[0], generation.pk, loaded[1])
        engine = self._new_engine()
        position = rebuild(engine, generation.pk)
        self._timing.changed(engine.count)
        logger.info("Built the index from the database: %d chunks", engine.count)
        return Tailer(engine, generation.pk, position)

    def _new_engine(self) -> Engine:
        if self.encoder is None:
            raise RuntimeError("The encoder is loaded first.")
        return self._make_engine(self.encoder, new_live_folder(self._folder))

    def _after_round(self, snapshots: Snapshots, tailer: Tailer, applied: int) -> None:
        if self._rebuild.is_set():
            raise RebuildOrderedError
        self._timing.changed(applied)
        if self._timing.due():
            self._save(snapshots, tailer)

    def _save(self, snapshots: Snapshots, tailer: Tailer) -> None:
        """A snapshot that fails costs time at the next start, so it must not stop the search."""
        try:
            snapshots.write(tailer.engine, tailer.position)
        except Exception:
            logger.exception("No snapshot could be written")
            self._timing.failed()
        else:
            self._timing.written()

    def _failed(self, error: Exception) -> None:
        reason = error.message if isinstance(error, KBError) else f"{type(error).__name__}: {error}"
        if reason != self.state.reason:
            expected = isinstance(error, KBError | django.db.Error)
            logger.error("The index cannot be served: %s", reason, exc_info=None if expected else error)
        self.state = State("failed", reason)
        self._stop.wait(self._retry_s)
        self._retry_s = min(2 * self._retry_s, _LAST_RETRY_S)
