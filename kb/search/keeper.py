"""The life of the index in a search server: loaded, kept in step with the log, saved."""

from __future__ import annotations

import functools
import logging
import time
from dataclasses import dataclass, replace
from threading import Event, Thread
from typing import Generic, Protocol

import django.db

from kb.exceptions import KBError
from kb.search.errors import GenerationSwitchedError, LogRewoundError, RebuildOrderedError
from kb.search.live_folder import clear_live_folders, remove_live_folder
from kb.search.opening import E, IndexOpener, Opened
from kb.search.snapshot_timing import SnapshotTiming
from kb.search.successor import Successor
from kb.search.tail import Hints, Tailer, close_connection

logger = logging.getLogger(__name__)

_FIRST_RETRY_S = 1.0
_LAST_RETRY_S = 60.0
_LAST_JOIN_S = 5.0


class ClosableHints(Hints, Protocol):
    def close(self) -> None: ...


@dataclass(frozen=True)
class State:
    """One consistent view for the threads that answer: replaced whole, never changed.

    Attributes:
        status: ``loading``, ``ok`` or ``failed``; only ``ok`` has a tailer, and answers.
        reason: why it failed, or what else the admin should know.
    """

    status: str
    reason: str = ""
    tailer: Tailer | None = None


class IndexKeeper(Generic[E]):
    """Runs the index's life in a thread of its own.

    It has one way to recover from anything, the way it starts: newest good snapshot or rebuild, then the
    log. A failure keeps the process up, says why in `state`, and is tried again. When another generation
    begins to serve, the present one answers until the other is ready.
    """

    def __init__(self, opener: IndexOpener[E], hints: ClosableHints) -> None:
        self._opener = opener
        self._hints = hints
        self._timing = SnapshotTiming(time.monotonic)
        self._stop = Event()
        self._rebuild = Event()
        self._successor = Successor(opener, self._stop)
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
        clear_live_folders(self._opener.folder)
        while not self._stop.is_set():
            try:
                self._live()
            except GenerationSwitchedError:
                logger.info("Changing over to the generation that serves now")
            except (LogRewoundError, RebuildOrderedError) as error:
                logger.warning("The index is loaded anew: %s", error.message)
                self.state = State("loading")
            except Exception as error:
                self._failed(error)
            finally:
                close_connection()
        self._hints.close()
        self._successor.join(_LAST_JOIN_S)
        remove_live_folder(self._opener.folder)

    def _live(self) -> None:
        opened = self._successor.take() or self._open()
        self._timing = SnapshotTiming(time.monotonic)
        self._timing.changed(opened.changes)
        self.encoder = opened.encoder
        self.state = State("ok", opened.note, opened.tailer)
        self._retry_s = _FIRST_RETRY_S
        tailer = opened.tailer
        logger.info("Searching %d chunks, event %d", tailer.engine.count, tailer.position.seq)
        if opened.note:
            logger.warning(opened.note)
        tailer.follow(self._stop, self._hints, functools.partial(self._after_round, opened))
        self._save_changes(opened)

    def _open(self) -> Opened[E]:
        distrust = self._rebuild.is_set()
        opened = self._opener.open(self.encoder, self._stop, distrust=distrust)
        if distrust:
            self._rebuild.clear()
        return opened

    def _after_round(self, opened: Opened[E], applied: int) -> None:
        if self._rebuild.is_set():
            raise RebuildOrderedError
        self._timing.changed(applied)
        if self._timing.due():
            self._save(opened)
        if self._successor.is_ready(opened):
            self._save_changes(opened)  # for the way back
            raise GenerationSwitchedError
        reason = self._successor.problem or opened.note
        if reason != self.state.reason:
            self.state = replace(self.state, reason=reason)

    def _save_changes(self, opened: Opened[E]) -> None:
        if self._timing.changes:
            self._save(opened)

    def _save(self, opened: Opened[E]) -> None:
        """A snapshot that fails costs time at the next start, so it must not stop the search."""
        try:
            opened.snapshots.write(opened.tailer.engine, opened.tailer.position)
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
