"""From the bytes of tokens to text that may be shown."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class TextStream:
    """Joins the bytes of tokens to whole characters and ends the text before a stop string.

    A character or a stop string may be spread over several tokens, so what could still become one is
    held back until it is decided.

    Attributes:
        stopped: a stop string was found; nothing follows.
    """

    def __init__(self, stop: Sequence[str] = ()) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._stop = tuple(stop)
        self._held = ""
        self.stopped = False

    def feed(self, data: bytes) -> str:
        """What may be shown now; often empty."""
        return self._shown(self._decoder.decode(data))

    def end(self) -> str:
        """The rest, when no token follows."""
        rest = self._shown(self._decoder.decode(b"", final=True)) + self._held
        self._held = ""
        return rest

    def _shown(self, text: str) -> str:
        if self.stopped:
            return ""
        self._held += text
        # The one that is complete first, not the one that begins first: so every split gives the same text.
        found = [(at + len(stop), at) for stop in self._stop if (at := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            shown, self._held = self._held[: min(found)[1]], ""
            return shown
        kept = max((_overlap(self._held, stop) for stop in self._stop), default=0)
        cut = len(self._held) - kept
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown


def _overlap(text: str, stop: str) -> int:
    """The length of the longest end of `text` that begins `stop`."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)
