"""What may come next in an answer: that which followed the same words before."""

from __future__ import annotations

from collections.abc import Iterable

# So many tokens have to be the same before anything is expected of them; the longer one is tried first.
_KEYS = (3, 2)
# No longer copy is told from a longer one.
_LONGEST = 64


class Lookup:
    """Follows an answer through its prompt and itself, as a finger follows the text that is copied.

    While the answer says what stands under the finger, the finger moves on. Otherwise it goes to where the
    last three tokens, or two, stood last. Takes a microsecond or two for each token.

    Attributes:
        matched: how many tokens before the finger are the same as the last of the answer, up to 64; 0 when
            nothing is expected.
    """

    def __init__(self, tokens: Iterable[int]) -> None:
        self._tokens: list[int] = []
        # From the tokens of a key to where the token stands that followed them last.
        self._followed: dict[tuple[int, ...], int] = {}
        self._finger = 0
        self.matched = 0
        for token in tokens:
            self._append(token)
        self._place()

    def add(self, token: int) -> bool:
        """Take the next token of the answer. Returns whether it is the one that was expected."""
        expected = self.matched > 0 and self._tokens[self._finger] == token
        self._append(token)
        if expected:
            self._finger += 1
            self.matched = min(self.matched + 1, _LONGEST)
        else:
            self._place()
        return expected

    def expected(self, count: int) -> list[int]:
        """The next tokens, if the copying goes on; none when nothing is expected.

        Where the text ends that is copied from, it goes on with its copy: that is how words repeat.
        """
        if not self.matched:
            return []
        period = len(self._tokens) - self._finger
        return [self._tokens[self._finger + at % period] for at in range(count)]

    def _append(self, token: int) -> None:
        at = len(self._tokens)
        for size in _KEYS:
            if at >= size:
                self._followed[tuple(self._tokens[at - size :])] = at
        self._tokens.append(token)

    def _place(self) -> None:
        """Put the finger behind the last place that reads like the end."""
        end = len(self._tokens)
        self.matched = 0
        for size in _KEYS:
            found = self._followed.get(tuple(self._tokens[end - size :])) if end >= size else None
            if found is not None:
                self._finger, self.matched = found, self._same_before(found, size)
                return

    def _same_before(self, finger: int, known: int) -> int:
        """How many tokens before the finger are those at the end."""
        tokens, same = self._tokens, known
        while same < min(finger, _LONGEST) and tokens[finger - same - 1] == tokens[-same - 1]:
            same += 1
        return same
