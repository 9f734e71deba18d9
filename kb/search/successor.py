"""The index of the generation that serves next, made ready while the one before it still answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Generic

import django.db

from kb.exceptions import KBError
from kb.search.generations import serving
from kb.search.opening import E, IndexOpener, Opened
from kb.search.tail import close_connection

logger = logging.getLogger(__name__)

_RETRY_S = 15.0


class Successor(Generic[E]):
    """Watches the database for a switch, and opens what serves then in a thread of its own.

    Used by the keeper's thread alone.

    Attributes:
        problem: why the generation that should serve cannot; empty while nothing is wrong.
    """

    def __init__(
        self, opener: IndexOpener[E], stop: Event, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.problem = ""
        self._opener = opener
        self._stop = stop
        self._clock = clock
        self._thread: Thread | None = None
        self._opened: Opened[E] | None = None
        self._not_before = 0.0

    def is_ready(self, current: Opened[E]) -> bool:
        """Whether another generation serves and can be taken; begins to open it when it cannot yet."""
        try:
            generation = serving()
        except django.db.Error:
            return False  # the current one goes on
        if generation is None or generation.pk == current.tailer.generation_id:
            self.forget()
            return False
        if self._thread is not None and self._thread.is_alive():
            return False
        if self._opened is not None and self._opened.tailer.generation_id == generation.pk:
            return True
        self._opened = None
        if self._clock() >= self._not_before:
            self._not_before = self._clock() + _RETRY_S
            logger.info("%s serves now; its index is made ready", generation)
            self._thread = Thread(target=self._open, args=(current.encoder,), name="successor", daemon=True)
            self._thread.start()
        return False

    def take(self) -> Opened[E] | None:
        """The opened index, once."""
        taken, self._opened = self._opened, None
        self._thread, self._not_before, self.problem = None, 0.0, ""
        return taken

    def forget(self) -> None:
        """What was opened is of no use. A thread that is still at it works for nothing."""
        if self._thread is None or not self._thread.is_alive():
            self.take()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread after `stop` was set."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _open(self, known: E) -> None:
        try:
            self._opened = self._opener.open(known, self._stop)
            self.problem = ""
        except Exception as error:
            expected = isinstance(error, KBError | django.db.Error)
            reason = error.message if isinstance(error, KBError) else f"{type(error).__name__}: {error}"
            if reason != self.problem:
                logger.error(
                    "The next index cannot be opened: %s", reason, exc_info=None if expected else error
                )
            self.problem = reason
        finally:
            close_connection()
