"""Rows of passages that were evaluated once, kept to be stitched into other prompts."""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Protocol

from kb.llm.types import Span


def unit_key(prefix: Sequence[int], tokens: Sequence[int]) -> str:
    """Names the rows of a unit's tokens, evaluated behind this prefix and nothing else."""
    digest = hashlib.sha256(len(prefix).to_bytes(8, "little"))
    digest.update(array("q", prefix).tobytes())
    digest.update(array("q", tokens).tobytes())
    return digest.hexdigest()


def usable_units(units: Iterable[Span], end: int) -> tuple[Span, ...]:
    """Those that end there at the latest, with something before them and something in them."""
    return tuple(unit for unit in units if 0 < unit.start < unit.end <= end)


def same_until(ours: Sequence[Span], theirs: Sequence[Span]) -> int:
    """Up to which token two prompts of the same tokens are evaluated alike; a very large number for all.

    From the first unit that only one of them has, the rows of both differ: those of a unit know nothing of
    what stands between the prefix and them.
    """
    for one, other in zip_longest(ours, theirs):
        if one != other:
            return min(span.start for span in (one, other) if span is not None)
    return sys.maxsize


class Shelf(Protocol):
    """A second, slower place for rows."""

    def get(self, key: str) -> bytearray | None: ...

    def put(self, key: str, rows: bytearray) -> None: ...


class UnitStore:
    """The rows of units by their keys, in memory. Belongs to one thread.

    Args:
        limit_bytes: the least recently used go when there are more.
        shelf: where rows are also written, and looked for when they are not in memory.
    """

    def __init__(self, limit_bytes: int, shelf: Shelf | None = None) -> None:
        self._limit_bytes = limit_bytes
        self._shelf = shelf
        self._rows: OrderedDict[str, bytearray] = OrderedDict()
        self.size_bytes = 0

    def get(self, key: str) -> bytearray | None:
        rows = self._rows.get(key)
        if rows is not None:
            self._rows.move_to_end(key)
        elif self._shelf is not None and (rows := self._shelf.get(key)) is not None:
            self._keep(key, rows)
        return rows

    def put(self, key: str, rows: bytearray) -> None:
        if key in self._rows:
            return
        self._keep(key, rows)
        if self._shelf is not None:
            self._shelf.put(key, rows)

    def drop(self, key: str) -> None:
        """Forget rows that turned out to be of no use."""
        self.size_bytes -= len(self._rows.pop(key, b""))

    def _keep(self, key: str, rows: bytearray) -> None:
        self._rows[key] = rows
        self.size_bytes += len(rows)
        while self.size_bytes > self._limit_bytes:
            _, oldest = self._rows.popitem(last=False)
            self.size_bytes -= len(oldest)
