"""The right to work on a row of the database: compare-and-set, with a time limit and a token."""

from __future__ import annotations

import threading
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

Row = TypeVar("Row", bound=Model)


class LeaseLostError(Exception):
    """Somebody else works on the row now, or nobody is to work on it any more: stop, and change nothing."""


def is_free(now: datetime) -> Q:
    """Nobody works on it, or who did died."""
    return Q(lease_until=None) | Q(lease_until__lt=now)


class RowLease(ABC, Generic[Row]):
    """The right to work on a row that has `lease_token` and `lease_until`, until it expires."""

    token: uuid.UUID
    length_s: int

    @abstractmethod
    def _held(self) -> QuerySet[Row]:
        """The row as long as it is held; no row once it was taken away."""

    def renew(self, now: datetime, **changes: Any) -> None:
        """Hold it longer, and change the row. Raises LeaseLostError when it was taken away."""
        if not self._held().update(lease_until=self._until(now), **changes):
            raise LeaseLostError

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew it in the background, for steps that take minutes and do not renew it themselves."""
        done = threading.Event()
        thread = threading.Thread(target=self._keep, args=(done,), name=type(self).__name__, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _keep(self, done: threading.Event) -> None:
        while not done.wait(self.length_s / 3):
            try:
                self.renew(timezone.now())
            except LeaseLostError:
                return
            finally:
                connection.close()

    def take(self, free: QuerySet[Row], now: datetime) -> bool:
        """Take the row. False when it is not in `free`: it is not to be had, or somebody was faster.

        Args:
            free: this row and no other, if it may be taken.
        """
        return bool(free.update(lease_token=self.token, lease_until=self._until(now)))

    def _let_go(self, **changes: Any) -> bool:
        """Whether it was held until now; otherwise nothing is changed."""
        return bool(self._held().update(lease_token=None, lease_until=None, **changes))

    def _until(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self.length_s)
