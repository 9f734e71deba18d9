"""How much of a prompt goes into the next batch, and how much of it need not be evaluated at all."""

from __future__ import annotations

# Quantised matrix products are made of tiles of eight rows. Rows left over are summed in another order, and
# cost nearly as much as a whole tile: batches are filled up to whole ones.
ALIGNMENT = 8
# Fewer tokens of a prompt beside running answers would make it crawl.
_LEAST_PIECE = 4
# The weight of the newest duration in a running mean.
_NEWEST = 0.3
_FIRST_GUESS_S = 0.05
# Small batches are dear. For as long as an ordinary prompt takes, ten words a second are fast enough.
_UNNOTICED_S = 0.1


def reusable(cached: list[int], tokens: list[int], step: int = ALIGNMENT) -> int:
    """How many tokens of the new prompt are in the cached sequence already; a multiple of the step.

    At least ALIGNMENT tokens of the prompt are always left over: its last logits are needed.
    """
    most = min(len(cached), len(tokens) - ALIGNMENT)
    at = 0
    while at + step <= most and cached[at : at + step] == tokens[at : at + step]:
        at += step
    return at


class Pace:
    """Learns how fast the machine is, and sizes batches so that nobody waits long for the next one.

    With nobody else about, a batch of a prompt takes a fraction of a second, so that cancelling does not
    take longer. Beside running answers it takes a few times as long as one of their own, so that their words
    keep coming while a long prompt is evaluated.

    Args:
        limit: rows of the largest batch that the context takes; a multiple of ALIGNMENT.
        target_s: how long one batch may take.
        stretch: how many times longer than one of their own a batch may take that answers share with a
            prompt.
    """

    def __init__(self, limit: int, target_s: float = 0.4, stretch: float = 4.0) -> None:
        self._limit = limit
        self._target_s = target_s
        self._stretch = stretch
        self._most = 4 * ALIGNMENT
        self._row_s = target_s / self._most
        self._answers_s: dict[int, float] = {}

    def piece(self, remaining: int, riders: int, *, brief: bool = False) -> int:
        """Tokens of a prompt for the next batch.

        Args:
            remaining: tokens of the prompt; one batch never leaves fewer than ALIGNMENT of them to the next.
            riders: rows that the batch has already.
            brief: the prompt is over soon; meanwhile words may come as slowly as nobody notices.
        """
        room = self._rows(riders, brief) - riders
        if remaining <= room:
            return remaining
        if remaining - room < ALIGNMENT:
            return room - ALIGNMENT if room > ALIGNMENT else remaining
        return room

    def note(self, prompt_rows: int, answers: int, duration_s: float) -> None:
        """Learn from a batch."""
        rows = prompt_rows + answers
        if not prompt_rows:
            known_s = self._answers_s.get(answers, duration_s)
            self._answers_s[answers] = known_s + _NEWEST * (duration_s - known_s)
        elif rows >= ALIGNMENT:
            self._row_s = max(duration_s, 1e-6) / rows
            # One lucky measurement must not make the next batch too long.
            self._most = 2 * max(rows, ALIGNMENT)

    def _rows(self, riders: int, brief: bool) -> int:
        """Of the whole batch: whole tiles, with a few rows at least for the prompt."""
        allowed_s = self._target_s
        if riders:
            answers_s = self._stretch * self._answers_time_s(riders)
            allowed_s = min(allowed_s, max(answers_s, _UNNOTICED_S) if brief else answers_s)
        rows = min(int(allowed_s / self._row_s), self._most, self._limit)
        least = -(-(riders + _LEAST_PIECE) // ALIGNMENT) * ALIGNMENT
        return max(rows - rows % ALIGNMENT, least)

    def _answers_time_s(self, answers: int) -> float:
        """Of a batch of answers alone: as many as now, or the nearest number that was seen."""
        if not self._answers_s:
            return _FIRST_GUESS_S
        return self._answers_s[min(self._answers_s, key=lambda seen: (abs(seen - answers), seen))]
