"""A model without weights: its next token depends on every row before it, so a wrong cache shows.

What a row holds is a checksum of the tokens up to it, as long as the rows that it saw are those of these
tokens. Rows that were evaluated elsewhere and stitched in are not, and the answer tells the difference.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kb.llm.engine.part import Row
from kb.llm.types import Sampling

END = 0
VOCABULARY = 40
# A prompt that begins with it gets an answer that copies for nineteen tokens out of twenty.
COPYING = VOCABULARY
# How long an answer is on average.
_ANSWER_TOKENS = 97
MAX_BATCH = 256
STEP_S, ROW_S = 0.01, 0.001


@dataclass
class Cell:
    token: int
    position: int
    sequences: set[int]
    holds: int


class FakeModel:
    """A cache of cells as llama.cpp has it, which refuses whatever llama.cpp would refuse.

    Attributes:
        batches: rows of each batch so far.
        now_s: a clock; a batch takes STEP_S, and ROW_S for each row.
        broken: the next batch fails.
        damaged: the next rows that are stitched are refused.
        turning_s: what a batch takes in addition where rows were stitched before it.
        open_samplers: that nobody closed yet.
    """

    can_share = True

    def __init__(self, cells: int, sequences: int) -> None:
        self.cells: list[Cell] = []
        self.batches: list[list[Row]] = []
        self.now_s = 0.0
        self.broken = False
        self.damaged = False
        self.turning_s = 0.0
        self._moved = False
        self.open_samplers = 0
        self._most_cells = cells
        self._sequences = sequences
        self._contents: list[list[int] | None] = []
        self._holds: list[int | None] = []

    def clock(self) -> float:
        return self.now_s

    def content(self, sequence: int) -> list[int]:
        found = sorted((cell.position, cell.token) for cell in self.cells if sequence in cell.sequences)
        assert [position for position, _ in found] == list(range(len(found)))
        return [token for _, token in found]

    def decode(self, rows: Sequence[Row]) -> None:
        if self.broken:
            self.broken = False
            raise RuntimeError("broken")
        assert 0 < len(rows) <= MAX_BATCH
        assert len(self.cells) + len(rows) <= self._most_cells, "no room: llama_decode would answer 1"
        sequences = {row.sequence for row in rows}
        contents = {sequence: self.content(sequence) for sequence in sequences}
        seen = {sequence: self.holds(sequence) for sequence in sequences}
        self._contents, self._holds = [], []
        for row in rows:
            assert 0 <= row.sequence < self._sequences
            assert row.position == len(seen[row.sequence])
            contents[row.sequence].append(row.token)
            held = row_of(contents[row.sequence], seen[row.sequence])
            seen[row.sequence].append(held)
            self.cells.append(Cell(row.token, row.position, {row.sequence}, held))
            self._contents.append(list(contents[row.sequence]) if row.wants_logits else None)
            self._holds.append(held if row.wants_logits else None)
        self.batches.append(list(rows))
        self.now_s += STEP_S + ROW_S * len(rows) + (self.turning_s if self._moved else 0.0)
        self._moved = False

    def holds(self, sequence: int) -> list[int]:
        found = sorted((cell.position, cell.holds) for cell in self.cells if sequence in cell.sequences)
        return [held for _, held in found]

    def take(self, sequence: int, start: int, count: int) -> bytearray:
        cells = [cell for cell in self.cells if sequence in cell.sequences]
        taken = [[cell.token, cell.position, cell.holds] for cell in cells]
        rows = [row for row in sorted(taken, key=lambda row: row[1]) if start <= row[1] < start + count]
        assert len(rows) == count
        return bytearray(json.dumps(rows).encode())

    def stitch(self, sequence: int, rows: bytearray, skip: int, shift: int) -> bool:
        if self.damaged:
            self.damaged = False
            return False
        taken = json.loads(rows)[skip:]
        assert len(self.cells) + len(taken) <= self._most_cells, "no room"
        assert taken[0][1] + shift == len(self.content(sequence)), "not where the sequence ends"
        self.cells += [Cell(token, at + shift, {sequence}, held) for token, at, held in taken]
        self._moved = True
        return True

    def copy(self, source: int, target: int, count: int) -> None:
        assert not self.content(target)
        for cell in self.cells:
            if source in cell.sequences and cell.position < count:
                cell.sequences.add(target)

    def truncate(self, sequence: int, count: int) -> None:
        for cell in self.cells:
            if cell.position >= count:
                cell.sequences.discard(sequence)
        self.cells = [cell for cell in self.cells if cell.sequences]

    def forget(self, sequence: int) -> None:
        for cell in self.cells:
            cell.sequences.discard(sequence)
        self.cells = [cell for cell in self.cells if cell.sequences]

    def clear(self) -> None:
        self.cells.clear()

    def sampler(self, sampling: Sampling) -> FakeSampler:
        self.open_samplers += 1
        return FakeSampler(self)

    def content_of(self, row: int) -> list[int]:
        """What is before the token that is drawn from this row."""
        content = self._contents[row]
        assert content is not None, "this row has no logits"
        return content

    def _held(self, row: int) -> int:
        held = self._holds[row]
        assert held is not None, "this row has no logits"
        return held

    def drawn(self, row: int) -> int:
        return next_token(self.content_of(row), self._held(row))

    def logits(self, row: int) -> npt.NDArray[np.float32]:
        return fake_logits(self._held(row))

    def is_end(self, token: int) -> bool:
        return token == END

    def piece(self, token: int) -> bytes:
        return f"{token} ".encode()


class FakeSampler:
    """Has a state, as those with penalties and grammars do: it draws every token, once and in turn."""

    def __init__(self, model: FakeModel) -> None:
        self._model = model
        self._content: list[int] | None = None

    def draw(self, row: int) -> int:
        content, token = self._model.content_of(row), self._model.drawn(row)
        assert self._content in (None, content)
        self._content = [*content, token]
        return token

    def close(self) -> None:
        self._model.open_samplers -= 1


def row_of(tokens: Sequence[int], seen: Sequence[int]) -> int:
    """What the row of the last of these tokens holds, which saw the rows of the others."""
    if not seen or seen[-1] == zlib.crc32(bytes(tokens[:-1])):
        return zlib.crc32(bytes(tokens))
    # No checksum of checksums: it would cancel out what those were made of.
    return hash((tokens[-1], *seen)) & 0xFFFFFFFF


def next_token(content: Sequence[int], held: int) -> int:
    """Args: held: by the row of the last token."""
    if content[0] == COPYING and held % 20:
        for at in range(len(content) - 1, 1, -1):
            if content[at - 2 : at] == content[-2:]:
                return content[at]
    return END if held % _ANSWER_TOKENS == 0 else 1 + held % (VOCABULARY - 1)


def fake_logits(held: int) -> npt.NDArray[np.float32]:
    """What is likely after these tokens, for those who ask for probabilities."""
    return np.random.default_rng(held).normal(size=VOCABULARY + 1).astype(np.float32)
