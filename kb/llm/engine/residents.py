"""The sequences in the KV cache: whose tokens they are, what they share, and which one has to go."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from kb.llm.engine.batches import ALIGNMENT, reusable
from kb.llm.engine.keeping import Keeping
from kb.llm.engine.units import same_until
from kb.llm.types import Span

# So many sequences may start from one at once, for a single batch.
FORKS = 8
# How many units may be in evaluation at once; each takes a sequence meanwhile.
UNITS_AT_ONCE = 16


class Memory(Protocol):
    """The cache itself, in which several sequences may share a cell."""

    @property
    def can_share(self) -> bool:
        """False for models that keep a running state in place of a row for each token."""

    def copy(self, source: int, target: int, count: int) -> None:
        """Let the first tokens of one sequence also be those of another, which is empty."""

    def truncate(self, sequence: int, count: int) -> None:
        """Forget all but the first tokens of a sequence."""

    def forget(self, sequence: int) -> None: ...

    def clear(self) -> None: ...


class Resident:
    """One sequence in the cache.

    Attributes:
        sequence: its number there.
        tokens: those that are evaluated.
        cells: where each of them is, as numbers that only this ledger knows.
        units: of those that are evaluated and those to come. The rows of units and of all that follows them
            are approximations, which only prompts with the same units share.
        is_idle: nobody works on it; it is kept for those who begin like it.
    """

    def __init__(
        self, sequence: int, tokens: list[int], cells: list[int], units: tuple[Span, ...] = ()
    ) -> None:
        self.sequence = sequence
        self.tokens = tokens
        self.cells = cells
        self.units = units
        self.is_idle = False
        self.last_used = 0


class Residents:
    """The ledger of the cache. Who makes room before a batch never has it refused.

    Args:
        sequences: how many there may be. Twice as many as are ever in use at once; or one, which then is
            cut and continued in place. Every token of it stays where it is in the cache, so that the
            same question gets the same answer to the last bit, whatever was asked before. FORKS more are
            there beside them.
        cells: how many tokens there is room for; what sequences share counts once.
    """

    def __init__(self, memory: Memory, sequences: int, cells: int) -> None:
        self._memory = memory
        self._cells = cells
        self._sequences = sequences
        self._is_single = sequences == 1
        # Where several share the cache, the last bit of a sum depends on the others anyway.
        self._grain = ALIGNMENT if self._is_single else 1
        self._free = list(range(sequences))
        self._forks = list(range(sequences, sequences + FORKS))
        self._residents: list[Resident] = []
        self._holders: Counter[int] = Counter()
        self._new_cells = itertools.count()
        self._clock = itertools.count(1)
        self._keeping = Keeping(cells)

    @property
    def cells_used(self) -> int:
        return len(self._holders)

    @property
    def all(self) -> Sequence[Resident]:
        return tuple(self._residents)

    def shared(self, tokens: list[int], units: tuple[Span, ...] = ()) -> int:
        """How many of these tokens `enter` would find evaluated."""
        return self._donor(tokens, units)[1]

    def enter(self, tokens: list[int], units: tuple[Span, ...] = ()) -> Resident:
        """A sequence for this prompt. It begins with the longest prefix that is there already."""
        donor, count = self._donor(tokens, units)
        self._keeping.asked(tokens, units, count)
        if donor is None:
            return self._made([], units)
        if self._is_single:
            return self._cut(donor, count)
        return self._shared(donor, count, units)

    def branch(self, resident: Resident, count: int) -> Resident:
        """Another sequence that begins with the first tokens of one, none of them approximated."""
        return self._shared(resident, count, ())

    def discard(self, resident: Resident) -> None:
        """Forget one that nobody works on any more, and nobody will ask for."""
        self._forget(resident)

    def make_room(self, count: int) -> bool:
        """Forget idle ones, the least recently used first, until so many tokens fit in.

        Returns:
            False when those in use leave too little room.
        """
        for oldest in sorted(self._idle(), key=_age):
            if self.cells_used + count <= self._cells:
                break
            self._forget(oldest)
        return self.cells_used + count <= self._cells

    def extend(self, resident: Resident, tokens: Sequence[int]) -> None:
        """Note what was evaluated behind it."""
        cells = list(itertools.islice(self._new_cells, len(tokens)))
        self._holders.update(cells)
        resident.cells += cells
        resident.tokens += tokens

    def shorten(self, resident: Resident, count: int) -> None:
        """Forget its last tokens."""
        keep = len(resident.tokens) - count
        self._memory.truncate(resident.sequence, keep)
        self._drop(resident.cells[keep:])
        del resident.tokens[keep:], resident.cells[keep:]

    def fork(self, resident: Resident) -> Resident:
        """Another sequence with the same tokens; to be dropped after the next batch."""
        made = Resident(self._forks.pop(), list(resident.tokens), list(resident.cells), resident.units)
        self._memory.copy(resident.sequence, made.sequence, len(made.tokens))
        self._holders.update(made.cells)
        return made

    def drop(self, fork: Resident) -> None:
        self._memory.forget(fork.sequence)
        self._forks.append(fork.sequence)
        self._drop(fork.cells)

    def release(self, resident: Resident) -> None:
        """Nobody works on it any more. It is kept for a while, in place of those it begins with."""
        resident.is_idle = True
        resident.last_used = next(self._clock)
        for other in self._idle():
            if other is not resident and _begins_like(resident, other):
                self._forget(other)
        if not resident.tokens:
            self._forget(resident)
        self._keep_no_more_than_allowed()

    def clear(self) -> None:
        """Forget everything; after an error nobody knows what the cache holds."""
        self._free = list(range(self._sequences))
        self._forks = list(range(self._sequences, self._sequences + FORKS))
        self._residents.clear()
        self._holders.clear()
        self._memory.clear()

    def _donor(self, tokens: list[int], units: tuple[Span, ...]) -> tuple[Resident | None, int]:
        """Who shares the longest prefix, the one used last among equals, and how long it is."""
        if not self._memory.can_share:
            return None, 0
        found = [(self._common(one, tokens, units), one.last_used, one) for one in self._residents]
        count, _, donor = max(found, key=lambda item: item[:2], default=(0, 0, None))
        return (donor, count) if count else (None, 0)

    def _common(self, resident: Resident, tokens: list[int], units: tuple[Span, ...]) -> int:
        """How many tokens at the beginning of the prompt the sequence holds, evaluated alike."""
        most = min(len(resident.tokens), same_until(resident.units, units))
        return reusable(resident.tokens[:most], tokens, grain=self._grain)

    def _shared(self, donor: Resident, count: int, units: tuple[Span, ...]) -> Resident:
        made = self._made(donor.tokens[:count], units, donor)
        self._memory.copy(donor.sequence, made.sequence, count)
        made.cells = donor.cells[:count]
        self._holders.update(made.cells)
        donor.last_used = next(self._clock)
        return made

    def _made(self, tokens: list[int], units: tuple[Span, ...], donor: Resident | None = None) -> Resident:
        if not self._free:
            self._forget(min((one for one in self._idle() if one is not donor), key=_age))
        made = Resident(self._free.pop(), tokens, [], units)
        self._residents.append(made)
        return made

    def _cut(self, resident: Resident, count: int) -> Resident:
        self.shorten(resident, len(resident.tokens) - count)
        resident.is_idle = False
        return resident

    def _keep_no_more_than_allowed(self) -> None:
        """Forget idle ones, the least recently used first; the last one may be as long as it is."""
        idle = sorted(self._idle(), key=_age)
        kept = sum(map(self._own_cells, idle))
        for oldest in idle[:-1]:
            if kept <= self._keeping.allowance:
                return
            kept -= self._own_cells(oldest)
            self._keeping.forgot(oldest.tokens, oldest.units)
            self._forget(oldest)

    def _own_cells(self, resident: Resident) -> int:
        """How many would be free without it."""
        return sum(self._holders[cell] == 1 for cell in resident.cells)

    def _idle(self) -> list[Resident]:
        return [one for one in self._residents if one.is_idle]

    def _forget(self, resident: Resident) -> None:
        self._memory.forget(resident.sequence)
        self._residents.remove(resident)
        self._free.append(resident.sequence)
        self._drop(resident.cells)

    def _drop(self, cells: Sequence[int]) -> None:
        for cell in cells:
            self._holders[cell] -= 1
            if not self._holders[cell]:
                del self._holders[cell]


def sequences_for(slots: int) -> int:
    """How many the cache needs, with the forks."""
    return kept_sequences(slots) + FORKS


def kept_sequences(slots: int) -> int:
    """As many again as slots are kept for those who begin like them, and for units."""
    return 2 * slots + UNITS_AT_ONCE if slots > 1 else 1


def _begins_like(resident: Resident, other: Resident) -> bool:
    """Whether all of the other is in this one, and evaluated alike."""
    count = len(other.tokens)
    return other.tokens == resident.tokens[:count] and count <= same_until(other.units, resident.units)


def _age(resident: Resident) -> int:
    return resident.last_used
