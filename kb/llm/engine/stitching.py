"""Passages that are evaluated by themselves, once, and put together as often as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from kb.llm.engine.residents import UNITS_AT_ONCE, Resident, Residents
from kb.llm.engine.task import Task
from kb.llm.engine.units import UnitStore, unit_key
from kb.llm.types import Span


class Rows(Protocol):
    """What a cache can do with the rows of a part of a sequence."""

    def take(self, sequence: int, start: int, count: int) -> bytearray:
        """The rows of the tokens [start, start + count) of a sequence, wherever they may be put later."""

    def stitch(self, sequence: int, rows: bytearray, skip: int, shift: int) -> bool:
        """Append rows to a sequence.

        Args:
            skip: how many of the first rows are left out.
            shift: how many tokens later than where they were taken they are put.

        Returns:
            False when they cannot be: they are damaged, or of another model.
        """


class Stitcher:
    """Belongs to the scheduler's thread.

    Every unit of a prompt is evaluated behind the prompt's prefix alone, that is, behind what precedes the
    first unit; also at first sight, so that an answer does not depend on what was asked before.

    Args:
        again: how many tokens of each unit are evaluated again in their place, where they see everything
            before them.
    """

    def __init__(self, rows: Rows, residents: Residents, store: UnitStore, again: int = 0) -> None:
        self._rows = rows
        self._residents = residents
        self._store = store
        self._again = again
        self._moved = False

    def begin(self, task: Task) -> None:
        """Find out what is known of a prompt that has just got its sequence."""
        seated = len(_seat(task).tokens)
        known = missing = 0
        for unit in self._to_stitch(task):
            size = unit.end - self._inner(unit, seated)
            rows = self._store.get(self._key(task, unit))
            if rows is not None:
                task.known[unit] = rows
                known += size
            else:
                # The tokens of it that are evaluated again in their place are evaluated twice.
                missing += unit.end - unit.start - size
        task.note_known(known, len(task.tokens) - seated - known + missing)

    def to_evaluate(self, task: Task) -> int:
        """How many tokens of its units are not evaluated yet; 0 while the prefix before them is not."""
        if not task.units or len(_seat(task).tokens) < task.units[0].start:
            return 0
        self._collect(task)
        return sum(len(self._remaining(task, unit)) for unit in self._missing(task))

    def pieces(self, task: Task, count: int) -> Iterator[tuple[Resident, list[int]]]:
        """So many tokens of the units at most, each with the sequence that they are evaluated in."""
        for unit in self._missing(task):
            is_new = unit not in task.workplaces
            if count <= 0 or (is_new and len(task.workplaces) == UNITS_AT_ONCE):
                return
            piece = self._remaining(task, unit)[:count]
            if is_new:
                prefix = task.units[0].start
                task.workplaces[unit] = self._residents.branch(_seat(task), prefix)
            count -= len(piece)
            yield task.workplaces[unit], piece

    def advance(self, task: Task) -> int:
        """Stitch what comes next. Returns how many tokens follow that have to be evaluated in their place."""
        seat = _seat(task)
        stop = len(seat.tokens)
        for unit in task.units:
            inner = self._inner(unit, stop)
            if stop < inner:
                stop = inner
            if stop >= unit.end:
                continue
            if stop > len(seat.tokens):
                break
            if not self._stitched(task, unit, stop):
                return self.advance(task)
            stop = unit.end
        else:
            stop = len(task.tokens)
        return stop - len(seat.tokens)

    def has_moved(self) -> bool:
        """Whether rows were moved since this was asked last."""
        moved, self._moved = self._moved, False
        return moved

    def leave(self, task: Task) -> None:
        """Give up what was begun for it."""
        for workplace in task.workplaces.values():
            self._residents.discard(workplace)
        task.forget_units()

    def _stitched(self, task: Task, unit: Span, stop: int) -> bool:
        seat, rows = _seat(task), task.known.pop(unit)
        shift = unit.start - task.units[0].start
        if not self._rows.stitch(seat.sequence, rows, stop - unit.start, shift):
            self._store.drop(self._key(task, unit))
            # From here on it is evaluated like any prompt.
            task.units = seat.units = task.units[: task.units.index(unit)]
            return False
        self._residents.extend(seat, task.tokens[stop : unit.end])
        self._moved = True
        return True

    def _collect(self, task: Task) -> None:
        """Keep the rows of units that were evaluated to the end, and free their place in the cache."""
        prefix = task.units[0].start
        for unit, workplace in list(task.workplaces.items()):
            count = unit.end - unit.start
            if len(workplace.tokens) == prefix + count:
                rows = self._rows.take(workplace.sequence, prefix, count)
                del task.workplaces[unit]
                self._residents.discard(workplace)
                self._store.put(self._key(task, unit), rows)
                for other in task.units:
                    if _tokens(task, other) == _tokens(task, unit):
                        task.known[other] = rows

    def _to_stitch(self, task: Task) -> list[Span]:
        seated = len(_seat(task).tokens)
        return [unit for unit in task.units if self._inner(unit, seated) < unit.end]

    def _missing(self, task: Task) -> list[Span]:
        """In order; of units with the same tokens only the first."""
        units = [unit for unit in self._to_stitch(task) if unit not in task.known]
        return list({tuple(_tokens(task, unit)): unit for unit in reversed(units)}.values())[::-1]

    def _remaining(self, task: Task, unit: Span) -> list[int]:
        workplace = task.workplaces.get(unit)
        done = len(workplace.tokens) - task.units[0].start if workplace else 0
        return task.tokens[unit.start + done : unit.end]

    def _inner(self, unit: Span, seated: int) -> int:
        """Where the rows begin that are stitched."""
        return min(max(unit.start + self._again, seated), unit.end)

    def _key(self, task: Task, unit: Span) -> str:
        return unit_key(task.tokens[: task.units[0].start], _tokens(task, unit))


def _tokens(task: Task, unit: Span) -> list[int]:
    return task.tokens[unit.start : unit.end]


def _seat(task: Task) -> Resident:
    if task.seat is None:
        raise RuntimeError("Only who has a sequence can be stitched.")
    return task.seat
