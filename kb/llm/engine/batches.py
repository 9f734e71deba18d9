"""How much of a prompt goes into the next batch, and how much of it need not be evaluated at all."""

from __future__ import annotations

from kb.llm.engine.row_time import RowTime

# Quantised matrix products are made of tiles of eight rows. Rows left over are summed in another order, and
# cost nearly as much as a whole tile: batches are filled up to whole ones.
ALIGNMENT = 8
# Beside running answers, half a tile may be all that there is time for: attention to a long prompt costs the
# same for each row. Fewer tokens at once would make the prompt crawl.
_HALF_TILE = ALIGNMENT // 2
_LEAST_PIECE = 3
# The weight of the newest duration in a running mean: something else may have made a slow one slow.
_NEWEST_FASTER, _NEWEST_SLOWER = 0.3, 0.1
_FIRST_GUESS_S = 0.05
# Small batches are dear, and everyone who waits for a first word waits for all of them. So for as long as an
# ordinary prompt takes, words may come as fast as they are read, six tokens a second; and the more people
# wait, the longer a word may take.
_UNNOTICED_S = 0.16
# From so many rows on, flash attention reads what stands before them in tiles, and no longer once for each
# row: such a batch takes less time than one of three quarters of its rows. But a tile is computed for all of
# its rows where one of them needs it, so rows of different answers should not share a batch of tiles.
TILED_ROWS = 64
_NEARLY_TILED_ROWS = TILED_ROWS * 3 // 4


def reusable(cached: list[int], tokens: list[int], *, grain: int = ALIGNMENT) -> int:
    """How many tokens of the new prompt are in the cached sequence already.

    At least one tile of them, or none; a multiple of `grain`. At least `grain` tokens of the prompt are
    always left over: its last logits are needed.

    Args:
        grain: ALIGNMENT for the same sums to the last bit, cached or not; 1 for the fewest to evaluate.
    """
    most = min(len(cached), len(tokens) - grain)
    at = _agreeing(cached, tokens, 0, most, ALIGNMENT)
    return _agreeing(cached, tokens, at, most, grain) if at else 0


def _agreeing(cached: list[int], tokens: list[int], at: int, most: int, step: int) -> int:
    while at + step <= most and cached[at : at + step] == tokens[at : at + step]:
        at += step
    return at


class Pace:
    """Learns how fast the machine is, and sizes batches so that nobody waits long for the next one.

    With nobody else about, a batch of a prompt takes a fraction of a second, so that cancelling does not
    take longer. Beside running answers it takes a few times as long as one of their own, so that their words
    keep coming while a long prompt is evaluated. Where there is time for so many rows that attention goes by
    tiles, the piece has a batch to itself, and the answers have the next one.

    Args:
        limit: rows of the largest batch that the context takes; a multiple of ALIGNMENT.
        target_s: how long one batch may take.
        stretch: how many times longer than one of their own a batch may take that answers share with a
            prompt.
    """

    def __init__(self, limit: int, target_s: float = 0.4, stretch: float = 3.25) -> None:
        self._limit = limit
        self._target_s = target_s
        self._stretch = stretch
        self._alone = _Rows(target_s / (4 * ALIGNMENT))
        self._beside = _Rows(_FIRST_GUESS_S / ALIGNMENT)
        self._answers_s: dict[int, float] = {}

    def piece(
        self, remaining: int, riders: int, *, depth: int = 0, brief: bool = False, behind: int = 0
    ) -> int:
        """Tokens of a prompt for the next batch.

        Args:
            remaining: tokens of the prompt. With nobody else about, one batch never leaves fewer than
                ALIGNMENT of them to the next.
            riders: rows that the batch has already, or that wait for the next one if the piece has
                TILED_ROWS or more.
            depth: tokens of the prompt that stand before them.
            brief: the prompt is over soon; meanwhile words may come as slowly as nobody notices.
            behind: how many prompts wait until this one is evaluated; words come slower for each.
        """
        if riders:
            room = self._room_beside(remaining, riders, depth, behind + brief)
        else:
            room = self._whole_tiles(self._target_s, depth)
        if remaining <= room:
            return remaining
        if not riders and remaining - room < ALIGNMENT:
            return room - ALIGNMENT if room > ALIGNMENT else remaining
        return room

    def note(self, prompt_rows: int, answers: int, duration_s: float, depth: int = 0) -> None:
        """Learn from a batch.

        Args:
            depth: tokens that stood before the rows of the prompt.
        """
        if not prompt_rows:
            known_s = self._answers_s.get(answers, duration_s)
            weight = _NEWEST_FASTER if duration_s < known_s else _NEWEST_SLOWER
            self._answers_s[answers] = known_s + weight * (duration_s - known_s)
        elif answers:
            own_s = self._answers_time_s(answers)
            self._beside.note(prompt_rows, depth, duration_s - own_s, prompt_rows + answers)
        elif prompt_rows >= ALIGNMENT:
            self._alone.note(prompt_rows, depth, duration_s, prompt_rows)

    def _whole_tiles(self, allowed_s: float, depth: int) -> int:
        rows = min(self._alone.within(allowed_s, depth), self._limit)
        return max(rows - rows % ALIGNMENT, ALIGNMENT)

    def _room_beside(self, remaining: int, riders: int, depth: int, waiting: int) -> int:
        """Whole tiles for a batch without riders; or else whole tiles, or half of one, with them.

        Where somebody waits, a batch by tiles may take a little longer than allowed: so many rows beside
        answers would take longer still.
        """
        own_s = self._answers_time_s(riders)
        longest_s = max(self._stretch * own_s, waiting * _UNNOTICED_S)
        allowed_s = min(longest_s, self._target_s) - own_s
        rows = self._whole_tiles(allowed_s, depth)
        if min(rows, remaining) >= TILED_ROWS:
            return rows
        if waiting and rows >= _NEARLY_TILED_ROWS and remaining >= TILED_ROWS:
            return TILED_ROWS
        if waiting:
            self._alone.doubt()
        rows = min(riders + self._beside.within(allowed_s, depth), self._beside.most, TILED_ROWS - 1)
        rows -= rows % (ALIGNMENT if rows >= ALIGNMENT else _HALF_TILE)
        least = -(-(riders + _LEAST_PIECE) // _HALF_TILE) * _HALF_TILE
        return max(rows, least) - riders

    def _answers_time_s(self, answers: int) -> float:
        """Of a batch of answers alone: as many as now, or the nearest number that was seen."""
        if not self._answers_s:
            return _FIRST_GUESS_S
        return self._answers_s[min(self._answers_s, key=lambda seen: (abs(seen - answers), seen))]


class _Rows:
    """What rows of a prompt cost in batches of one kind.

    Args:
        row_s: believed before the first batch.

    Attributes:
        most: rows of the next batch. Before anything is known well, one lucky measurement must not make it
            too long.
    """

    def __init__(self, row_s: float) -> None:
        self._time = RowTime(row_s)
        self.most = 4 * ALIGNMENT

    def note(self, prompt_rows: int, depth: int, duration_s: float, rows: int) -> None:
        """Args:
        duration_s: of what the prompt's rows have added.
        rows: of the whole batch.
        """
        self._time.note(max(duration_s, 1e-6) / prompt_rows, depth)
        self.most = max(2 * rows, self.most)

    def doubt(self) -> None:
        """Batches of this kind are not made, because they seem to take too long."""
        self._time.doubt()

    def within(self, allowed_s: float, depth: int) -> int:
        """How many of the prompt take so long."""
        return int(min(max(allowed_s, 0.0) / self._time.at(depth), self.most))
