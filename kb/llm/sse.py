"""Reading server-sent events as OpenAI-compatible servers send them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# No event of a chat comes near it; a server that never ends a line must not fill the memory.
MAX_LINE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Data:
    """The text of a data line."""

    text: str


@dataclass(frozen=True)
class Comment:
    """A line that means nothing to most clients."""

    text: str


class EventReader:
    """Bytes in, lines out, wherever the network cuts them.

    Lines end with a line feed or with both characters. Python's own splitting would also cut at the line
    separators that JSON text may hold.

    Raises:
        ValueError: from `feed`, when a line is longer than anything a chat sends, or is not UTF-8.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Data | Comment]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES:
            raise ValueError("A line of the stream is too long.")
        for line in lines:
            text = line.removesuffix(b"\r").decode()
            name, _, value = text.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                yield Data(value)
            elif not name and value:
                yield Comment(value)
