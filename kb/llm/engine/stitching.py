"""Passages that are evaluated by themselves, once, and put together as often as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from kb.llm.engine.generation import Generation
from kb.llm.engine.residents import Resident, Residents
from kb.llm.engine.units import UnitStore, unit_key
from kb.llm.types import Span

# How many units may be in evaluation at once; each takes a sequence meanwhile.
UNITS_AT_ONCE = 16


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

    def begin(self, generation: Generation) -> None:
        """Find out what is known of a prompt that has just got its sequence."""
        seated = len(_seat(generation).tokens)
        known = missing = 0
        for unit in self._to_stitch(generation):
            size = unit.end - self._inner(unit, seated)
            rows = self._store.get(self._key(generation, unit))
            if rows is not None:
                generation.known[unit] = rows
                known += size
            else:
                # The tokens of it that are evaluated again in their place are evaluated twice.
                missing += unit.end - unit.start - size
        generation.note_known(known, len(generation.tokens) - seated - known + missing)

    def to_evaluate(self, generation: Generation) -> int:
        """How many tokens of its units are not evaluated yet; 0 while the prefix before them is not."""
        if not generation.units or len(_seat(generation).tokens) < generation.units[0].start:
            return 0
        self._collect(generation)
        return sum(len(self._remaining(generation, unit)) for unit in self._missing(generation))

    def pieces(self, generation: Generation, count: int) -> Iterator[tuple[Resident, list[int]]]:
        """So many tokens of the units at most, each with the sequence that they are evaluated in."""
        for unit in self._missing(generation):
            is_new = unit not in generation.workplaces
            if count <= 0 or (is_new and len(generation.workplaces) == UNITS_AT_ONCE):
                return
            piece = self._remaining(generation, unit)[:count]
            if is_new:
                prefix = generation.units[0].start
                generation.workplaces[unit] = self._residents.fork(_seat(generation), prefix)
            count -= len(piece)
            yield generation.workplaces[unit], piece

    def advance(self, generation: Generation) -> int:
        """Stitch what comes next. Returns how many tokens follow that have to be evaluated in their place."""
        seat = _seat(generation)
        stop = len(seat.tokens)
        for unit in generation.units:
            inner = self._inner(unit, stop)
            if stop < inner:
                stop = inner
            if stop >= unit.end:
                continue
            if stop > len(seat.tokens):
                break
            if not self._stitched(generation, unit, stop):
                return self.advance(generation)
            stop = unit.end
        else:
            stop = len(generation.tokens)
        return stop - len(seat.tokens)

    def has_moved(self) -> bool:
        """Whether rows were moved since this was asked last."""
        moved, self._moved = self._moved, False
        return moved

    def leave(self, generation: Generation) -> None:
        """Give up what was begun for it."""
        for workplace in generation.workplaces.values():
            self._residents.discard(workplace)
        generation.forget_units()

    def _stitched(self, generation: Generation, unit: Span, stop: int) -> bool:
        seat, rows = _seat(generation), generation.known.pop(unit)
        shift = unit.start - generation.units[0].start
        if not self._rows.stitch(seat.sequence, rows, stop - unit.start, shift):
            self._store.drop(self._key(generation, unit))
            # From here on it is evaluated like any prompt.
            generation.units = seat.units = generation.units[: generation.units.index(unit)]
            return False
        self._residents.extend(seat, generation.tokens[stop : unit.end])
        self._moved = True
        return True

    def _collect(self, generation: Generation) -> None:
        """Keep the rows of units that were evaluated to the end, and free their place in the cache."""
        prefix = generation.units[0].start
        for unit, workplace in list(generation.workplaces.items()):
            count = unit.end - unit.start
            if len(workplace.tokens) == prefix + count:
                rows = self._rows.take(workplace.sequence, prefix, count)
                del generation.workplaces[unit]
                self._residents.discard(workplace)
                self._store.put(self._key(generation, unit), rows)
                for other in generation.units:
                    if _tokens(generation, other) == _tokens(generation, unit):
                        generation.known[other] = rows

    def _to_stitch(self, generation: Generation) -> list[Span]:
        seated = len(_seat(generation).tokens)
        return [unit for unit in generation.units if self._inner(unit, seated) < unit.end]

    def _missing(self, generation: Generation) -> list[Span]:
        """In order; of units with the same tokens only the first."""
        units = [unit for unit in self._to_stitch(generation) if unit not in generation.known]
        return list({tuple(_tokens(generation, unit)): unit for unit in reversed(units)}.values())[::-1]

    def _remaining(self, generation: Generation, unit: Span) -> list[int]:
        workplace = generation.workplaces.get(unit)
        done = len(workplace.tokens) - generation.units[0].start if workplace else 0
        return generation.tokens[unit.start + done : unit.end]

    def _inner(self, unit: Span, seated: int) -> int:
        """Where the rows begin that are stitched."""
        return min(max(unit.start + self._again, seated), unit.end)

    def _key(self, generation: Generation, unit: Span) -> str:
        return unit_key(generation.tokens[: generation.units[0].start], _tokens(generation, unit))


def _tokens(generation: Generation, unit: Span) -> list[int]:
    return generation.tokens[unit.start : unit.end]


def _seat(generation: Generation) -> Resident:
    if generation.seat is None:
        raise RuntimeError("Only who has a sequence can be stitched.")
    return generation.seat
